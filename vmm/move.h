/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A CPU moves to another node while the guest runs: real CPU and proxy exchange roles. */
#ifndef VMM_MOVE_H
#define VMM_MOVE_H

#include <stdint.h>

#include "keeper_msg.h"
#include "vcpu.h"

/**
 * move_init() - register the messages
 * @vcpus: all CPUs
 * @count: how many
 *
 * Before cluster_start(). Without a cluster every move is refused.
 */
void move_init(struct vcpu *vcpus, unsigned int count);

/* The CPUs are there: moves may begin. */
void move_start(void);

/**
 * move_ask() - on node 0: let a CPU move
 * @asker: the node whose keeper wants to know the result
 * @cpu: the CPU, of any value
 * @node: where it is to go, of any value
 *
 * Returns at once; ask_move_result() on @asker tells when it is done, or why not.
 */
void move_ask(unsigned int asker, uint32_t cpu, uint32_t node);

/*
 * On node 0, for a guest that stands still: wait until no CPU moves. None begins to before
 * the guest runs again.
 */
void move_wait(void);

#endif /* VMM_MOVE_H */
