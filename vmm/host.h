/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the host a guest would feel. */
#ifndef VMM_HOST_H
#define VMM_HOST_H

#include <stdbool.h>

/* Is this host a guest itself? */
bool host_is_virtual(void);

/* Warn of what makes a guest slow, or its clock bad. */
void host_check(unsigned int nodes);

#endif /* VMM_HOST_H */
