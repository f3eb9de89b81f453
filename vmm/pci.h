/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI: functions, their configuration space and where their BARs are. */
#ifndef VMM_PCI_H
#define VMM_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "state.h"

#define PCI_BARS		6
#define PCI_CONFIG_SIZE		256	/* nothing is in the space beyond */
#define PCI_ECAM_BUS_SIZE	(1ull << 20)	/* of configuration space */
#define PCI_DEVFN(slot, fn)	((slot) << 3 | (fn))

/* Offsets in configuration space (PCI Local Bus 3.0, 6.1), and values. */
#define PCI_VENDOR		0x00
#define PCI_DEVICE		0x02
#define PCI_COMMAND		0x04
#define PCI_STATUS		0x06
#define PCI_REVISION		0x08
#define PCI_INTERFACE		0x09
#define PCI_CLASS		0x0a
#define PCI_HEADER_TYPE		0x0e
#define PCI_BAR0		0x10
#define PCI_SUBSYSTEM_VENDOR	0x2c
#define PCI_SUBSYSTEM		0x2e
#define PCI_CAPABILITIES	0x34
#define PCI_CLASS_SCSI		0x0100
#define PCI_CLASS_ETHERNET	0x0200
#define PCI_CLASS_OTHER		0x00ff
#define PCI_COMMAND_IO		0x0001
#define PCI_COMMAND_MEMORY	0x0002
#define PCI_COMMAND_MASTER	0x0004
#define PCI_COMMAND_NO_INTX	0x0400
#define PCI_STATUS_CAPABILITIES	0x0010

struct pci_function;

/**
 * struct pci_bar_ops - the registers behind a BAR
 * @read: return the value at an offset
 * @write: store a value at an offset
 *
 * Called with the device lock held; @len is 1, 2, 4 or 8, and all of it is
 * inside of the BAR.
 */
struct pci_bar_ops {
	uint64_t (*read)(struct pci_function *fn, uint64_t offset,
			 unsigned int len);
	void (*write)(struct pci_function *fn, uint64_t offset,
		      unsigned int len, uint64_t value);
};

/**
 * struct pci_function - a function of type 0
 * @name: for the log
 * @bus: number of its bus
 * @devfn: PCI_DEVFN() of its place there
 * @config: configuration space
 * @writable: which bits of @config it can change
 * @bars: size and functions; size 0: the BAR does not exist
 * @used: bytes of @config that are used by the header and by capabilities
 * @last_capability: where the last capability is; 0: there is none
 * @config_read: called before the guest reads @len bytes of @config; may be missing
 * @config_written: called after the guest wrote them; may be missing
 * @state_name: of @state
 * @state: @config in a checkpoint
 * @saved_field: @saved, as a part of @state
 * @saved: @config, as it is stored there
 *
 * The device lock protects @config.
 */
struct pci_function {
	const char *name;
	uint8_t bus;
	uint8_t devfn;
	uint8_t config[PCI_CONFIG_SIZE];
	uint8_t writable[PCI_CONFIG_SIZE];
	struct {
		uint32_t size;
		const struct pci_bar_ops *ops;
	} bars[PCI_BARS];
	uint8_t used;
	uint8_t last_capability;
	void (*config_read)(struct pci_function *fn, unsigned int offset,
			    unsigned int len);
	void (*config_written)(struct pci_function *fn, unsigned int offset,
			       unsigned int len);
	char state_name[STATE_NAME_MAX];
	struct state_part state;
	struct state_field saved_field;
	uint8_t saved[PCI_CONFIG_SIZE];
};

/**
 * struct pci_identity - the identification of a function
 * @vendor: and @device, as registered
 * @device: see there
 * @class: base class and subclass
 * @revision: of the device
 */
struct pci_identity {
	uint16_t vendor;
	uint16_t device;
	uint16_t class;
	uint8_t revision;
};

/* Begin a function whose name, bus and devfn are set. */
void pci_function_init(struct pci_function *fn,
		       const struct pci_identity *identity);

/* May it access memory, and interrupt? (PCI Local Bus 3.0, 6.2.2) */
bool pci_is_master(const struct pci_function *fn);

/* Where a BAR is; 0: the function decodes no memory now. */
uint64_t pci_bar_address(const struct pci_function *fn, unsigned int bar);

/* Registers of 1, 2 or 4 bytes; @writable has the bits that guests change. */
void pci_set(struct pci_function *fn, unsigned int offset, unsigned int len,
	     uint32_t value, uint32_t writable);
uint32_t pci_get(const struct pci_function *fn, unsigned int offset,
		 unsigned int len);

/* A 32-bit memory BAR; @size is a power of two from 4096 on. */
void pci_add_bar(struct pci_function *fn, unsigned int bar, uint32_t size,
		 const struct pci_bar_ops *ops);

/* Room for a capability of @len bytes. Return: its offset. */
unsigned int pci_add_capability(struct pci_function *fn, uint8_t id,
				unsigned int len);

/**
 * pci_add() - put a complete function on its bus; it must stay
 * @fn: the function
 * @bar_base: where the first of its BARs is to be until the guest decides, a
 *	multiple of all sizes; the others follow
 *
 * Return: where the last BAR ends. Ends the process if the place is taken.
 */
uint32_t pci_add(struct pci_function *fn, uint32_t bar_base);

/*
 * Configuration space in memory, and the BARs: put them on the bus. @moved, which
 * may be NULL, is told where each BAR of a function is (a number that no other
 * has, address and size, 0 if it is not decoded) after the guest has written to
 * the function's configuration space, with the device lock held.
 */
void pci_init(void (*moved)(uint32_t bar, uint64_t base, uint64_t size));

#endif /* VMM_PCI_H */
