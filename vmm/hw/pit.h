/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Channel 2 of the interval timer, which guests calibrate their TSC with. */
#ifndef VMM_HW_PIT_H
#define VMM_HW_PIT_H

void pit_init(void);

#endif /* VMM_HW_PIT_H */
