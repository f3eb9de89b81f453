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

/* KVM_RUN of a proxy has returned. Called by its thread. */
void proxy_handle_exit(struct vcpu *vcpu);

#endif /* VMM_PROXY_H */
