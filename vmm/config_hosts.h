/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses of nodes whose hosts the configuration names. */
#ifndef VMM_CONFIG_HOSTS_H
#define VMM_CONFIG_HOSTS_H

#include "options.h"

/*
 * Look up the hosts of the nodes that have no address in numbers. Ends the process
 * with an error if a host cannot be found.
 */
void config_find_addresses(struct options *options);

/* Ends the process with an error if two nodes have one address. */
void config_check_addresses(const struct options *options);

#endif /* VMM_CONFIG_HOSTS_H */
