/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checkpoints of the running guest: each node's ssi-vmm is asked for one. */
#ifndef SSID_CHECKPOINT_H
#define SSID_CHECKPOINT_H

#include <stdint.h>

#include "rest.h"

/* Routes; each has the type of struct route's @run (routes.c). */
int checkpoint_post(const struct request *request, uint64_t number,
		    struct answer *answer, struct failure *failure);
int checkpoint_post_node(const struct request *request, uint64_t number,
			 struct answer *answer, struct failure *failure);
int checkpoint_get(const struct request *request, uint64_t number,
		   struct answer *answer, struct failure *failure);

#endif /* SSID_CHECKPOINT_H */
