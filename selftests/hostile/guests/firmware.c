// SPDX-License-Identifier: GPL-2.0-or-later
/* What only firmware has: fw_cfg, the flash chip and the debug port. */
#include "guest.h"

#define SELECTOR	0x510
#define DATA		0x511
#define DMA		0x514
#define DEBUG_PORT	0x402
#define RAM_END		0x4000000u
#define VARS_SIZE	0x10000u
#define VARS		(0x100000000ull - 0x10000 - VARS_SIZE)

#define DMA_ERROR	1u
#define DMA_READ	2u
#define DMA_SKIP	4u
#define DMA_SELECT	8u
#define DMA_WRITE	16u
#define FILE_DIR	0x19u

static struct {
	uint32_t control, length;
	uint64_t address;
} request;
static unsigned char bytes[8192];

static void start_dma(uint64_t at)
{
	outl(DMA, __builtin_bswap32(at >> 32));
	outl(DMA + 4, __builtin_bswap32(at));
}

/* Return: what the device makes of the control word. */
static uint32_t run_dma(uint32_t control, uint32_t length, uint64_t address)
{
	request.control = __builtin_bswap32(control);
	request.length = __builtin_bswap32(length);
	request.address = __builtin_bswap64(address);
	guest_barrier();
	start_dma((uintptr_t)&request);
	guest_barrier();
	return __builtin_bswap32(*(volatile uint32_t *)&request.control);
}

static void test_fw_cfg(void)
{
	outw(SELECTOR, 0);
	guest_ok(inb(DATA) == 'Q' && inb(DATA) == 'E' && inb(DATA) == 'M' &&
		 inb(DATA) == 'U' && !inb(DATA), "the signature, and no more");
	for (unsigned int key = 0; key < 0x10000; key += 7) {
		outw(SELECTOR, key);
		inb(DATA);
	}
	outw(SELECTOR, FILE_DIR);
	for (unsigned int i = 0; i < 5000; i++)
		bytes[0] |= inb(DATA);
	guest_ok(!inb(DATA), "behind an item are zeroes");
	for (unsigned int at = 0; at < 16; at++) {
		inb(SELECTOR + at);
		inw(SELECTOR + at);
		inl(SELECTOR + at);
		outb(SELECTOR + at, 0xff);
		outw(SELECTOR + at, 0xffff);
		outl(SELECTOR + at, 0xffffffff);
	}
	guest_ok(true, "every register in every size");
}

static void test_dma(void)
{
	const uint64_t b = (uintptr_t)bytes;

	guest_ok(run_dma(DMA_SELECT | DMA_READ, 4, b) == 0 && bytes[0] == 'Q',
		 "a request is carried out");
	guest_ok(run_dma(DMA_READ, UINT32_MAX, b) == DMA_ERROR,
		 "4 GiB do not fit");
	guest_ok(run_dma(DMA_READ, 2, RAM_END - 1) == DMA_ERROR,
		 "nor what ends behind memory");
	guest_ok(run_dma(DMA_READ, 16, -8ull) == DMA_ERROR,
		 "nor what ends behind all addresses");
	guest_ok(run_dma(DMA_READ, 16, VARS) == DMA_ERROR, "nor is flash memory");
	guest_ok(run_dma(DMA_WRITE, 16, b) == DMA_ERROR, "nothing is written");
	guest_ok(run_dma(DMA_SKIP, UINT32_MAX, 0) == 0 &&
		 run_dma(DMA_SKIP, UINT32_MAX, 0) == 0 &&
		 run_dma(DMA_READ, 4, b) == 0 && !bytes[0],
		 "what is skipped twice is behind the end");
	guest_ok(run_dma(DMA_SELECT | DMA_READ, 16, (uintptr_t)&request) == 0,
		 "a request may be overwritten by its answer");
	start_dma(RAM_END - 8);
	start_dma(-8ull);
	start_dma(0xb0000000);
	guest_ok(true, "requests that are not in memory");
	for (unsigned int i = 0; i < 300; i++)
		run_dma(guest_random(), guest_odd_number(), guest_odd_number() |
			1ull << 40);
	guest_ok(run_dma(DMA_SELECT | DMA_READ, 4, b) == 0 && bytes[0] == 'Q',
		 "after random requests it works");
}

static void test_flash(void)
{
	for (unsigned int command = 0; command < 256; command++) {
		MMIO8(VARS + 4096) = command;
		MMIO8(VARS + 4096) = command;
		(void)MMIO8(VARS + 8192);
	}
	for (unsigned int i = 0; i < 300; i++) {
		uint64_t at = VARS + guest_below(VARS_SIZE - 8);

		switch (guest_below(4)) {
		case 0:
			MMIO8(at) = "\x10\x20\x40\x50\x70\xd0\xff\x00"[guest_below(8)];
			break;
		case 1:
			MMIO64(at) = guest_odd_number();
			break;
		case 2:
			MMIO32(at) = guest_odd_number();
			break;
		default:
			MMIO16(at) = guest_odd_number();
		}
	}
	/* across both of its ends, and onto the code */
	MMIO8(VARS) = 0x10;
	MMIO64(VARS + VARS_SIZE - 4) = 0;
	MMIO64(VARS - 4) = 0;
	MMIO8(VARS + VARS_SIZE + 100) = 0x20;
	MMIO8(VARS) = 0xff;
	MMIO8(VARS) = 0x50;
	MMIO8(VARS) = 0x20;
	MMIO8(VARS) = 0xd0;
	MMIO8(VARS) = 0xff;
	guest_ok(MMIO64(VARS) == UINT64_MAX, "an erased block is empty");
	MMIO8(VARS + 8) = 0x10;
	MMIO8(VARS + 8) = 0x5a;
	MMIO8(VARS) = 0xff;
	guest_ok(MMIO8(VARS + 8) == 0x5a, "and can be programmed");
}

static void test_debug_port(void)
{
	guest_ok(inb(DEBUG_PORT) == 0xe9, "there is a debug port");
	for (unsigned int i = 0; i < 2000; i++)
		outb(DEBUG_PORT, i);
	outw(DEBUG_PORT, 0x4141);
	outl(DEBUG_PORT, 0x41414141);
	outb(DEBUG_PORT, '\n');
	guest_ok(true, "which takes anything");
}

void guest_main(void)
{
	test_fw_cfg();
	test_dma();
	test_flash();
	test_debug_port();
}
