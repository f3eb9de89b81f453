/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hostile node sends, from the input of a fuzzer.
 */
#ifndef SIM_LIES_H
#define SIM_LIES_H

#include "memory/region.h"
#include "sim.h"

/**
 * lies_begin() - the input of this run
 * @data: messages, SIM_INPUT_MESSAGE bytes each
 * @size: their bytes
 */
void lies_begin(const u8 *data, size_t size);

/**
 * lies_tell() - node @id sends the messages of the input
 * @id: the node
 * @regions: the regions of all nodes
 *
 * Context: A task.
 */
void lies_tell(u32 id, struct ssi_region *const *regions);

#endif /* SIM_LIES_H */
