/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A 16550A serial port. */
#ifndef VMM_HW_SERIAL_H
#define VMM_HW_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct serial_ops - the connections of the port
 * @set_irq: level of the interrupt line
 * @output: characters that the guest sent
 *
 * Both are called with the device lock held.
 */
struct serial_ops {
	void (*set_irq)(bool level);
	void (*output)(const unsigned char *data, size_t len);
};

/* Add the port to the bus. */
void serial_init(uint16_t port, const struct serial_ops *ops);

/*
 * Characters for the guest; waits while its FIFO is full, for @ms at most. Return: how
 * many were taken.
 */
size_t serial_take(const unsigned char *data, size_t len, unsigned int ms);

/* The same for all of them, without a limit. */
void serial_input(const unsigned char *data, size_t len);

#endif /* VMM_HW_SERIAL_H */
