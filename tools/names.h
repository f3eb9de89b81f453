/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the numbers in ssi_dsm_genl.h.
 */
#ifndef NAMES_H
#define NAMES_H

#include <stdint.h>

/* NULL if unknown. */
const char *name_transport(uint32_t transport);

/* "unknown" if unknown: the module may be newer. */
const char *name_security(uint32_t security);
const char *name_link_state(uint32_t state);
const char *name_region_state(uint32_t state);
const char *name_class(uint32_t class);
const char *name_policy(uint32_t policy);
const char *name_policy_unit(uint32_t policy);

#endif /* NAMES_H */
