/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio devices that this node has. */
#ifndef VMM_DEVICES_H
#define VMM_DEVICES_H

#include "../acpi/layout.h"
#include "options.h"

/*
 * Open the files and interfaces of this node's devices, so that errors are found
 * before the node joins the cluster. Ends the process with a message on errors.
 */
void devices_open(const struct options *options);

/* Put them on this node's bus. */
void devices_create(const struct options *options,
		    const struct ssi_layout *layout);

/* The slots that a disk and a network card have there. */
unsigned int devices_disk_slot(const struct device_options *devices,
			       unsigned int disk);
unsigned int devices_net_slot(const struct device_options *devices,
			      unsigned int card);

#endif /* VMM_DEVICES_H */
