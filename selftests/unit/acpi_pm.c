// SPDX-License-Identifier: GPL-2.0-or-later
/* ACPI's fixed hardware and its power button, vmm/hw/acpi_pm.c. */
#include "../../vmm/hw/acpi_pm.h"

#include <stdint.h>

#include "../../vmm/bus.h"
#include "tap.h"

#define EVENT_PORT	0x600
#define CONTROL_PORT	0x604
#define TIMER_PORT	0x608
#define BUTTON		0x0100u

static const struct bus_device *devices[3];
static unsigned int num_devices, locks, powered_off;
static bool sci;
static uint64_t now_ns;

void bus_add(const struct bus_device *added)
{
	devices[num_devices++] = added;
}

void bus_lock(void)
{
	locks++;
}

void bus_unlock(void)
{
	locks--;
}

static uint64_t timer_ns(void)
{
	return now_ns;
}

static void set_sci(bool level)
{
	sci = level;
}

static void power_off(void)
{
	powered_off++;
}

static const struct bus_device *at_port(uint64_t port)
{
	for (unsigned int i = 0; i < num_devices; i++)
		if (devices[i]->base == port)
			return devices[i];
	tap_bail("there is nothing at port 0x%x", (unsigned int)port);
}

static unsigned int status(void)
{
	return at_port(EVENT_PORT)->read(0, 2) & 0xffff;
}

static void test_button(void)
{
	const struct bus_device *event = at_port(EVENT_PORT);

	acpi_pm_press_button();
	tap_ok(status() == BUTTON && !sci && !locks,
	       "a press of a disabled button only sets its status");
	event->write(2, 2, BUTTON);
	tap_ok(sci && (event->read(2, 2) & 0xffff) == BUTTON,
	       "a press of an enabled button raises the SCI");
	event->write(0, 2, 0x0001);
	tap_ok(sci && status() == BUTTON, "other status bits do not clear the button's");
	event->write(0, 2, BUTTON);
	tap_ok(!sci && !status(), "the button's own bit clears it, and the SCI falls");
	event->write(1, 1, 0xff);
	event->write(3, 1, 0);
	acpi_pm_press_button();
	tap_ok(!sci, "the registers can be written in bytes");
	event->write(0, 4, (uint32_t)BUTTON << 16);
	tap_ok(sci && status() == BUTTON, "both registers can be written at once");
	event->write(0, 4, (uint32_t)BUTTON << 16 | BUTTON);
	tap_ok(!sci, "a write that clears and enables at once clears the status");
}

static void test_power_off(void)
{
	const struct bus_device *control = at_port(CONTROL_PORT);

	control->write(0, 2, 4 << 10 | 0x2000);
	tap_ok(!powered_off, "an unknown sleep type does nothing");
	control->write(0, 2, 5 << 10);
	tap_ok(!powered_off, "a sleep type without the enable bit does nothing");
	control->write(0, 2, 5 << 10 | 0x2000);
	tap_ok(powered_off == 1, "S5 powers off");
	tap_ok(control->read(0, 2) & 1, "the guest is in ACPI mode");
	/* IoBitFieldWrite16() of the type, IoOr16() of the bit that begins */
	control->write(0, 2, control->read(0, 2) & 0xc3ff);
	control->write(0, 2, (control->read(0, 2) & 0xffff) | 0x2000);
	tap_ok(powered_off == 2, "OVMF's ResetSystem() powers off");
}

static void test_timer(void)
{
	now_ns = 1000000000;
	tap_ok(at_port(TIMER_PORT)->read(0, 4) == 3579545,
	       "the timer counts a second's ticks in a second");
}

int main(void)
{
	static const struct acpi_pm_config config = {
		.event_port = EVENT_PORT, .control_port = CONTROL_PORT,
		.timer_port = TIMER_PORT, .timer_ns = timer_ns, .s5_type = 5,
		.set_sci = set_sci, .power_off = power_off,
	};

	tap_plan(13);
	acpi_pm_init(&config);
	test_button();
	test_power_off();
	test_timer();
	return tap_exit();
}
