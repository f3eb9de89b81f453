// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ACPI's fixed hardware (ACPI 6.4, 4.8.3): PM1 event and control registers,
 * and the PM timer. The power button is the only event.
 */
#include "acpi_pm.h"

#include "../bus.h"
#include "../state.h"

#define PM_TIMER_HZ	3579545u
#define EVENT_BUTTON	0x0100u
#define CONTROL_SCI_EN	0x0001u
#define CONTROL_SLP_EN	0x2000u
#define SLP_TYPE(value)	((value) >> 10 & 7)

/* OVMF's sleep type for power off (OvmfPkg/Library/ResetSystemLib); QEMU's S5. */
#define OVMF_S5_TYPE	0

static struct {
	const struct acpi_pm_config *config;
	uint16_t status;
	uint16_t enable;
	uint16_t control;
} acpi_pm;

static void update_sci(void)
{
	acpi_pm.config->set_sci(acpi_pm.status & acpi_pm.enable);
}

static uint64_t event_read(uint64_t offset, unsigned int len)
{
	uint32_t value = (uint32_t)acpi_pm.enable << 16 | acpi_pm.status;

	(void)len;
	return value >> (8 * offset);
}

/* A bit of the status goes when a one is written there. */
static void event_write(uint64_t offset, unsigned int len, uint64_t value)
{
	uint32_t mask = (len < 4 ? 1u << 8 * len : 0) - 1;
	uint32_t bits = (uint32_t)(value & mask) << 8 * offset;

	mask <<= 8 * offset;
	acpi_pm.status &= ~bits;
	acpi_pm.enable = (acpi_pm.enable & ~(mask >> 16)) | bits >> 16;
	update_sci();
}

static uint64_t control_read(uint64_t offset, unsigned int len)
{
	(void)len;
	return acpi_pm.control >> (8 * offset);
}

static bool is_power_off(uint64_t control)
{
	unsigned int type = SLP_TYPE(control);

	return (control & CONTROL_SLP_EN) &&
	       (type == acpi_pm.config->s5_type || type == OVMF_S5_TYPE);
}

static void control_write(uint64_t offset, unsigned int len, uint64_t value)
{
	if (offset || len != 2)
		return;
	acpi_pm.control = (value & ~CONTROL_SLP_EN) | CONTROL_SCI_EN;
	if (is_power_off(value))
		acpi_pm.config->power_off();
}

static uint64_t timer_read(uint64_t offset, unsigned int len)
{
	uint64_t ns = acpi_pm.config->timer_ns();
	uint64_t ticks = (__uint128_t)ns * PM_TIMER_HZ / 1000000000u;

	(void)len;
	return (uint32_t)ticks >> (8 * offset);
}

void acpi_pm_press_button(void)
{
	bus_lock();
	acpi_pm.status |= EVENT_BUTTON;
	update_sci();
	bus_unlock();
}

static const struct state_field acpi_pm_fields[] = {
	STATE_FIELD(acpi_pm, status), STATE_FIELD(acpi_pm, enable),
	STATE_FIELD(acpi_pm, control),
};

void acpi_pm_init(const struct acpi_pm_config *config)
{
	static struct bus_device event = {
		.name = "pm1 event", .space = BUS_PORT, .size = 4,
		.read = event_read, .write = event_write,
	};
	static struct bus_device control = {
		.name = "pm1 control", .space = BUS_PORT, .size = 2,
		.read = control_read, .write = control_write,
	};
	static struct bus_device timer = {
		.name = "pm timer", .space = BUS_PORT, .size = 4,
		.read = timer_read,
	};
	static struct state_part state = {
		.name = "acpi-pm", .version = 1, STATE_FIELDS(acpi_pm_fields),
	};

	acpi_pm.config = config;
	acpi_pm.control = CONTROL_SCI_EN;	/* there is no legacy mode */
	event.base = config->event_port;
	control.base = config->control_port;
	timer.base = config->timer_port;
	bus_add(&event);
	bus_add(&control);
	if (config->timer_port)
		bus_add(&timer);
	state_add(&state);
}
