/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells firmware that needs system management mode from other firmware. */
#ifndef VMM_FIRMWARE_SMM_H
#define VMM_FIRMWARE_SMM_H

#include <stdbool.h>
#include <stddef.h>

/* Is this OVMF built to need SMM, as for Secure Boot? False if not known. */
bool firmware_needs_smm(const unsigned char *code, size_t size);

#endif /* VMM_FIRMWARE_SMM_H */
