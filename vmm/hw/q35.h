/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two functions by which firmware recognizes a Q35 machine. */
#ifndef VMM_HW_Q35_H
#define VMM_HW_Q35_H

#include <stdint.h>

/* Put them on PCI bus 0; @pm_base is where the ACPI registers are. */
void q35_init(uint16_t pm_base);

#endif /* VMM_HW_Q35_H */
