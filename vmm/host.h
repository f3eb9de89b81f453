/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host settings that affect the guest's speed and clock. */
#ifndef VMM_HOST_H
#define VMM_HOST_H

#include <stdbool.h>

/* Does this host run in a virtual machine? */
bool host_is_virtual(void);

/* Read the settings, while the host's files can be seen. */
void host_read(void);

/*
 * Warn of settings that make the guest slow or its clock unreliable. @amd_rogpt:
 * the cluster's file asks for it.
 */
void host_check(unsigned int nodes, bool amd_rogpt);

#endif /* VMM_HOST_H */
