/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSI-X: how a PCI function interrupts (PCI Local Bus 3.0, 6.8.2). */
#ifndef VMM_MSIX_H
#define VMM_MSIX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "pci.h"

#define MSIX_MAX_VECTORS	64	/* their pending bits fill one word */
#define MSIX_BAR_SIZE		4096u

/**
 * struct msix_entry - a vector, as the guest has programmed it
 * @address: where the message goes
 * @data: the value that is written there
 * @control: bit 0: masked
 */
struct msix_entry {
	uint64_t address;
	uint32_t data;
	uint32_t control;
};

/**
 * struct msix - the vectors of one function
 * @capability: where it is in configuration space
 * @count: number of vectors
 * @lock: protects what follows
 * @enabled: by the guest, for the function
 * @masked: all of them
 * @is_master: the function may send messages, which are writes to memory
 * @pending: which were raised and could not be sent
 * @sent: which were sent since it was enabled
 * @entries: the vectors
 * @fds: eventfds that raise vectors; -1: none. The device lock protects what follows
 * @gsis: by which KVM knows these vectors; 0: it does not yet
 * @attached: those that the kernel raises now; masked ones it does not
 * @routed: the messages that it sends
 */
struct msix {
	unsigned int capability;
	unsigned int count;
	pthread_mutex_t lock;
	bool enabled;
	bool masked;
	bool is_master;
	uint64_t pending;
	uint64_t sent;
	struct msix_entry entries[MSIX_MAX_VECTORS];
	int fds[MSIX_MAX_VECTORS];
	unsigned int gsis[MSIX_MAX_VECTORS];
	uint64_t attached;
	struct msix_entry routed[MSIX_MAX_VECTORS];
};

/*
 * Give a function a capability of @count vectors. The caller adds the BAR @bar,
 * with functions that call msix_read() and msix_write().
 */
void msix_init(struct msix *msix, struct pci_function *fn, unsigned int bar,
	       unsigned int count);

/* Accesses to that BAR. */
uint64_t msix_read(struct msix *msix, uint64_t offset, unsigned int len);
void msix_write(struct msix *msix, uint64_t offset, unsigned int len,
		uint64_t value);

/* The configuration space of @fn, which has the capability, was written to. */
void msix_config_written(struct msix *msix, const struct pci_function *fn);

/* Interrupt; from any thread, with or without the device lock. */
void msix_raise(struct msix *msix, unsigned int vector);

/*
 * Let the kernel raise a vector when the eventfd @fd is signalled; a @vector that there is
 * not: no longer. While the guest masks the vector, and if the kernel does not do it, @fd
 * stays readable, so its reader calls msix_raise(). With the device lock held.
 */
void msix_bind(struct msix *msix, unsigned int vector, int fd);

/*
 * The guest has taken a CPU offline, and messages to that CPU that were under way
 * are lost: send all messages again that were ever sent, to where the guest has
 * them now. A driver looks what there is to do, so one too many does no harm. Any
 * thread, without waiting.
 */
void msix_send_again(void);

#endif /* VMM_MSIX_H */
