/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host needs before ssi-vmm can start: the module, and an RDMA device.
 */
#ifndef SSID_HOST_H
#define SSID_HOST_H

#include "rest.h"

/**
 * host_prepare() - load the module; make an RDMA device if the transport needs one
 * @plan: the cluster
 * @node: its node of this host
 * @failure: out
 *
 * An RDMA device that it makes is written down in the folder of the state.
 *
 * Return: 0 or -1.
 */
int host_prepare(const json_t *plan, const json_t *node,
		 struct failure *failure);

/* Delete the RDMA devices that host_prepare() has made. */
void host_clean(void);

/* The names of these devices, one on each line; "" for none. */
void host_made(char *text, size_t size);

#endif /* SSID_HOST_H */
