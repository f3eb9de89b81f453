/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running guest, by the control socket of ssi-vmm: what one node is asked is done to
 * the whole guest.
 */
#ifndef SSID_CONTROL_H
#define SSID_CONTROL_H

#include <stdint.h>

#include "rest.h"

/**
 * control_order() - tell the guest something
 * @order: "reset", "nmi", "pause" or "resume"
 * @further: ask ssid of another host if no node runs on this one
 * @failure: out
 *
 * Return: 0 if it has begun, or -1.
 */
int control_order(const char *order, bool further, struct failure *failure);

/**
 * control_move() - let a CPU of the guest move to another node, and wait for it
 * @cpu: the CPU
 * @node: the node
 * @further: ask ssid of another host if no node runs on this one
 * @failure: out: ssi-vmm's reason, too
 *
 * Return: { cpu, node, ns }, ns: for so long it stood still; or NULL.
 */
json_t *control_move(uint64_t cpu, uint64_t node, bool further,
		     struct failure *failure);

/*
 * What ssi-vmm of a node says: { state, ..., statistics }, see GET /state in ssi-vmm(8);
 * or NULL.
 */
json_t *control_view(bool further, struct failure *failure);

/* What became of the last checkpoint: GET /checkpoint in ssi-vmm(8); or NULL. */
json_t *control_checkpoint(bool further, struct failure *failure);

/*
 * One request to ssi-vmm of a node of this host; @what: its path, without the slash. Return:
 * the answer's body, which the caller releases, or NULL.
 */
json_t *control_call(unsigned int id, const char *method, const char *what,
		     struct failure *failure);

/* control_view(), of a node of this host. */
json_t *control_node(unsigned int id, struct failure *failure);

#endif /* SSID_CONTROL_H */
