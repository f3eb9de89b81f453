/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock source that the kernel has chosen. */
#ifndef SSI_GUEST_CLOCKSOURCE_H
#define SSI_GUEST_CLOCKSOURCE_H

/* Report the clock source; fail if it is not the one expected, or "any". */
void clocksource_check(const char *expected);

#endif /* SSI_GUEST_CLOCKSOURCE_H */
