/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program's standard streams. */
#ifndef VMM_OUTPUT_H
#define VMM_OUTPUT_H

/*
 * Open /dev/null for each of the descriptors 0 to 2 that is closed, so that no
 * file opened later gets its number. Call this first in main().
 */
void output_claim_descriptors(void);

#endif /* VMM_OUTPUT_H */
