/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs of other nodes: interrupts that reach their proxies here are sent there. */
#ifndef VMM_PROXY_H
#define VMM_PROXY_H

#include <stdint.h>

#include "vcpu.h"

/**
 * proxy_init() - make the stub and register the messages
 * @vcpus: all CPUs
 * @count: how many
 *
 * After vm_create(), before cluster_start(). Only a cluster needs it.
 */
void proxy_init(struct vcpu *vcpus, unsigned int count);

/*
 * All CPUs have been created and their threads started: messages about them are
 * taken from now on, and refused before. In a cluster, before the other nodes go on.
 */
void proxy_open(void);

/* A CPU of this node was seen to start @vcpu. Called by its thread. */
void proxy_report_sipi(struct vcpu *vcpu, uint8_t vector);

/* The guest has parked @vcpu, which is real here. Called by its thread. */
void proxy_report_parked(struct vcpu *vcpu);

/* Make a proxy run the stub, and tell its owner. Called by its thread. */
void proxy_enter_stub(struct vcpu *vcpu);

/* Is it in the stub, between two interrupts? Called by its thread, in a job. */
bool proxy_is_idle(struct vcpu *vcpu);

/* Make it run the stub; interrupts that wait at its APIC stay. Called by its thread. */
void proxy_be(struct vcpu *vcpu);

/*
 * move.c: a real CPU has gone to @node, and is a proxy from now on; or the other way
 * round. Called by its thread, in a job.
 */
void proxy_begin(struct vcpu *vcpu, unsigned int node);
void proxy_end(struct vcpu *vcpu);

/* move.c: a CPU that is a proxy here is real on @node now. */
void proxy_moved(struct vcpu *vcpu, unsigned int node);

/* KVM_RUN of a proxy has returned. Called by its thread. */
void proxy_handle_exit(struct vcpu *vcpu);

#endif /* VMM_PROXY_H */
