/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's second console, on the user's terminal (virtio 1.2, 5.3). */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

/* Put the console on the bus of a node. */
void console_init(uint8_t bus, uint32_t window);

/* Characters for the guest. Blocks while it takes none and 4 KiB wait. */
void console_input(const unsigned char *data, size_t len);

/* The terminal can take more output: see term_has_room(). */
void console_room(void);

#endif /* VMM_VIRTIO_CONSOLE_H */
