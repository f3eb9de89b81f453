// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A 16550A serial port (National Semiconductor PC16550D, section 8).
 *
 * Output leaves at once, so the transmitter is always empty. Input waits in a FIFO;
 * the thread that brings it waits while the FIFO is full.
 */
#include "serial.h"

#include <pthread.h>

#include "../bus.h"
#include "../deadline.h"
#include "../state.h"

#define SERIAL_PORTS	8
#define FIFO_SIZE	64
#define INPUT_WAIT_MS	1000

enum {
	REG_DATA, REG_IER, REG_IIR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR,
};

#define IER_RX		0x01
#define IER_THRE	0x02
#define IER_MASK	0x0f
#define IIR_NONE	0x01
#define IIR_THRE	0x02
#define IIR_RX		0x04
#define IIR_FIFO	0xc0
#define FCR_ENABLE	0x01
#define FCR_CLEAR_RX	0x02
#define LCR_DLAB	0x80
#define MCR_DTR		0x01
#define MCR_RTS		0x02
#define MCR_OUT1	0x04
#define MCR_OUT2	0x08
#define MCR_LOOP	0x10
#define LSR_DATA	0x01
#define LSR_EMPTY	0x60	/* holding and shift register */
#define MSR_CTS		0x10
#define MSR_DSR		0x20
#define MSR_RI		0x40
#define MSR_DCD		0x80

static struct {
	const struct serial_ops *ops;
	uint8_t ier, fcr, lcr, mcr, scr;
	uint16_t divisor;
	bool thre_pending;
	unsigned char fifo[FIFO_SIZE];
	unsigned int head, count;
	bool irq;
} serial;

/* Signals room in the FIFO; used with a mutex of its own, see wait_for_room(). */
static pthread_mutex_t room_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t room_cond = PTHREAD_COND_INITIALIZER;
static bool room_full;

static uint8_t pending_irq(void)
{
	if ((serial.ier & IER_RX) && serial.count)
		return IIR_RX;
	if ((serial.ier & IER_THRE) && serial.thre_pending)
		return IIR_THRE;
	return IIR_NONE;
}

/* The PC's board gates the interrupt with OUT2, and loopback cuts it off. */
static void update_irq(void)
{
	bool level = pending_irq() != IIR_NONE && !(serial.mcr & MCR_LOOP);

	if (level == serial.irq)
		return;
	serial.irq = level;
	serial.ops->set_irq(level);
}

static void set_room(bool full)
{
	pthread_mutex_lock(&room_mutex);
	room_full = full;
	pthread_cond_signal(&room_cond);
	pthread_mutex_unlock(&room_mutex);
}

static void push(unsigned char c)
{
	serial.fifo[(serial.head + serial.count++) % FIFO_SIZE] = c;
	if (serial.count == FIFO_SIZE)
		set_room(true);
}

static uint8_t pop(void)
{
	uint8_t c;

	if (!serial.count)
		return 0;
	c = serial.fifo[serial.head];
	serial.head = (serial.head + 1) % FIFO_SIZE;
	if (serial.count-- == FIFO_SIZE)
		set_room(false);
	return c;
}

static uint8_t read_iir(void)
{
	uint8_t iir = pending_irq();

	if (iir == IIR_THRE)
		serial.thre_pending = false;	/* reading it acknowledges */
	return iir | (serial.fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

/* In loopback the outputs are the inputs; else a terminal is connected. */
static uint8_t read_msr(void)
{
	if (!(serial.mcr & MCR_LOOP))
		return MSR_DCD | MSR_DSR | MSR_CTS;
	return (serial.mcr & MCR_DTR ? MSR_DSR : 0) |
	       (serial.mcr & MCR_RTS ? MSR_CTS : 0) |
	       (serial.mcr & MCR_OUT1 ? MSR_RI : 0) |
	       (serial.mcr & MCR_OUT2 ? MSR_DCD : 0);
}

static uint8_t read_register(unsigned int reg)
{
	bool dlab = serial.lcr & LCR_DLAB;

	switch (reg) {
	case REG_DATA:
		return dlab ? serial.divisor & 0xff : pop();
	case REG_IER:
		return dlab ? serial.divisor >> 8 : serial.ier;
	case REG_IIR:
		return read_iir();
	case REG_LCR:
		return serial.lcr;
	case REG_MCR:
		return serial.mcr;
	case REG_LSR:
		return LSR_EMPTY | (serial.count ? LSR_DATA : 0);
	case REG_MSR:
		return read_msr();
	default:
		return serial.scr;
	}
}

static void write_data(uint8_t value)
{
	if (!(serial.mcr & MCR_LOOP))
		serial.ops->output(&value, 1);
	else if (serial.count < FIFO_SIZE)
		push(value);
	serial.thre_pending = true;
}

static void write_ier(uint8_t value)
{
	/* Enabling the interrupt of an empty transmitter raises it. */
	if ((value & IER_THRE) && !(serial.ier & IER_THRE))
		serial.thre_pending = true;
	serial.ier = value & IER_MASK;
}

static void write_fcr(uint8_t value)
{
	serial.fcr = value;
	if (value & FCR_CLEAR_RX)
		while (serial.count)
			pop();
}

static void write_register(unsigned int reg, uint8_t value)
{
	bool dlab = serial.lcr & LCR_DLAB;

	switch (reg) {
	case REG_DATA:
		if (dlab)
			serial.divisor = (serial.divisor & 0xff00) | value;
		else
			write_data(value);
		break;
	case REG_IER:
		if (dlab)
			serial.divisor = (serial.divisor & 0xff) | value << 8;
		else
			write_ier(value);
		break;
	case REG_IIR:
		write_fcr(value);
		break;
	case REG_LCR:
		serial.lcr = value;
		break;
	case REG_MCR:
		serial.mcr = value & 0x1f;
		break;
	case REG_SCR:
		serial.scr = value;
		break;
	}
}

static uint64_t serial_read(uint64_t offset, unsigned int len)
{
	uint8_t value = read_register(offset);

	update_irq();
	return len == 1 ? value : UINT64_MAX;
}

static void serial_write(uint64_t offset, unsigned int len, uint64_t value)
{
	if (len != 1)
		return;
	write_register(offset, value);
	update_irq();
}

static void wait_for_room(unsigned int ms)
{
	struct timespec until = deadline_in(ms);
	int err = 0;

	pthread_mutex_lock(&room_mutex);
	while (room_full && !err)
		err = pthread_cond_clockwait(&room_cond, &room_mutex,
					     CLOCK_MONOTONIC, &until);
	pthread_mutex_unlock(&room_mutex);
}

size_t serial_take(const unsigned char *data, size_t len, unsigned int ms)
{
	size_t taken = 0;

	wait_for_room(ms);
	bus_lock();
	while (taken < len && serial.count < FIFO_SIZE)
		push(data[taken++]);
	update_irq();
	bus_unlock();
	return taken;
}

void serial_input(const unsigned char *data, size_t len)
{
	while (len) {
		size_t taken = serial_take(data, len, INPUT_WAIT_MS);

		data += taken;
		len -= taken;
	}
}

static bool serial_restored(void *unused)
{
	(void)unused;
	if (serial.head >= FIFO_SIZE || serial.count > FIFO_SIZE)
		return false;
	set_room(serial.count == FIFO_SIZE);
	return true;
}

static const struct state_field serial_fields[] = {
	STATE_FIELD(serial, ier), STATE_FIELD(serial, fcr),
	STATE_FIELD(serial, lcr), STATE_FIELD(serial, mcr),
	STATE_FIELD(serial, scr), STATE_FIELD(serial, divisor),
	STATE_FIELD(serial, thre_pending), STATE_FIELD(serial, fifo),
	STATE_FIELD(serial, head), STATE_FIELD(serial, count),
	STATE_FIELD(serial, irq),
};

void serial_init(uint16_t port, const struct serial_ops *ops)
{
	static struct bus_device device = {
		.name = "serial", .space = BUS_PORT, .size = SERIAL_PORTS,
		.read = serial_read, .write = serial_write,
	};
	static struct state_part state = {
		.name = "serial", .version = 1, STATE_FIELDS(serial_fields),
		.restored = serial_restored,
	};

	device.base = port;
	serial.ops = ops;
	serial.divisor = 12;	/* 9600 baud */
	bus_add(&device);
	state_add(&state);
}
