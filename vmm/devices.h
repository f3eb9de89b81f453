/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio devices that this node has. */
#ifndef VMM_DEVICES_H
#define VMM_DEVICES_H

#include <jansson.h>
#include <stdbool.h>

#include "../acpi/layout.h"
#include "options.h"

#define DEVICES_WHY_MAX	160

/*
 * Open the files and interfaces of this node's devices, so that errors are found
 * before the node joins the cluster. Ends the process with a message on errors.
 */
void devices_open(const struct options *options);

/* Put them on this node's bus. */
void devices_create(const struct options *options,
		    const struct ssi_layout *layout);

/*
 * Flush this node's disks, whose threads do not run, and describe them for a checkpoint:
 * an object with a member for each, by its number. Return: NULL: it has failed.
 */
json_t *devices_describe_disks(const struct options *options);

/* Can a checkpoint be made now? If not: @why is the end of a sentence. */
bool devices_may_save(char why[DEVICES_WHY_MAX]);

/*
 * Are the disks of this node still those of a checkpoint, and was none written since? Ends
 * the process with a sentence if not. After devices_open().
 */
void devices_check_disks(const struct options *options, const json_t *disks);

/* The slots that a disk and a network card have there. */
unsigned int devices_disk_slot(const struct device_options *devices,
			       unsigned int disk);
unsigned int devices_net_slot(const struct device_options *devices,
			      unsigned int card);

#endif /* VMM_DEVICES_H */
