/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the connections of a cluster with tls, and gives them to the kernel module.
 */
#ifndef VMM_CONNECTOR_H
#define VMM_CONNECTOR_H

#include "options.h"

/*
 * Before the node is created in the module. Ends the process with a sentence if
 * certificates, kernel or address cannot be used. The options must stay.
 */
void connector_start(const struct options *options);

#endif /* VMM_CONNECTOR_H */
