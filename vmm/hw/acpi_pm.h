/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI's fixed hardware: PM1 event and control registers, and the PM timer. */
#ifndef VMM_HW_ACPI_PM_H
#define VMM_HW_ACPI_PM_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct acpi_pm_config - where the registers are
 * @event_port: PM1 event block, 4 ports
 * @control_port: PM1 control block, 2 ports
 * @timer_port: PM timer, 4 ports; 0: none
 * @timer_ns: the time that it shows, in nanoseconds
 * @s5_type: the sleep type that the tables give for power off; OVMF, which does
 *	not read them, may use its own
 * @set_sci: set the level of the SCI; called with the device lock held
 * @power_off: called when the guest powers itself off
 */
struct acpi_pm_config {
	uint16_t event_port;
	uint16_t control_port;
	uint16_t timer_port;
	uint64_t (*timer_ns)(void);
	uint8_t s5_type;
	void (*set_sci)(bool level);
	void (*power_off)(void);
};

void acpi_pm_init(const struct acpi_pm_config *config);

/* Press the power button. Takes the device lock. */
void acpi_pm_press_button(void);

#endif /* VMM_HW_ACPI_PM_H */
