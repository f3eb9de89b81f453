/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pvpanic: a guest reports its crash there. */
#ifndef VMM_HW_PVPANIC_H
#define VMM_HW_PVPANIC_H

#include <stdint.h>

/* @panic is called when the guest reports a panic. */
void pvpanic_init(uint16_t port, void (*panic)(void));

#endif /* VMM_HW_PVPANIC_H */
