/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells firmware that needs system management mode from other firmware. */
#ifndef VMM_FIRMWARE_SMM_H
#define VMM_FIRMWARE_SMM_H

#include <stdbool.h>
#include <stddef.h>

/* Was this OVMF built with SMM_REQUIRE, as for Secure Boot? Unknown: false. */
bool firmware_needs_smm(const unsigned char *code, size_t size);

#endif /* VMM_FIRMWARE_SMM_H */
