/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's disks and network cards, as the user describes them. */
#ifndef VMM_DEVICE_OPTIONS_H
#define VMM_DEVICE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define DEVICE_MAX_DISKS	16
#define DEVICE_MAX_NETS		8
#define DEVICE_MAX_FORWARDS	8
#define DEVICE_MAX_QUEUES	7	/* pairs of a network card */
#define DEVICE_MAC_SIZE		6

#define DISK_RETRY_S		5	/* writes that wait are tried again */

/* What happens when a write of the guest fails, as QEMU's werror=. */
enum disk_werror {
	DISK_WERROR_ENOSPC,	/* without room it waits; others are reported */
	DISK_WERROR_STOP,	/* it waits */
	DISK_WERROR_REPORT,	/* the guest gets the error */
};

#define DISK_SERIAL_MAX		20	/* virtio 1.2, 5.2.6 */

/* How the host keeps what the guest writes, as QEMU's cache=. */
enum disk_cache {
	DISK_WRITEBACK,		/* in its memory, until the guest flushes */
	DISK_WRITETHROUGH,	/* on its storage, before the write is done */
	DISK_NONE,		/* as WRITEBACK, but past its memory */
	DISK_DIRECTSYNC,	/* as WRITETHROUGH, but past its memory */
};

/**
 * struct disk_options - one disk
 * @file: raw image or block device
 * @is_seed: @file is a folder, whose files are a seed for cloud-init (seed.h)
 * @readonly: the guest may not write
 * @block_size: bytes of a logical block; 0: as the host's storage has them
 * @serial: what the guest sees as its serial number; NULL: the file's name
 * @cache: how the host keeps what is written
 * @werror: what happens when a write fails
 * @node: where it is
 * @root: the node of whose PCI root it is, as the guest sees it: @node, unless the guest
 *	was restored
 */
struct disk_options {
	const char *file;
	bool is_seed;
	bool readonly;
	uint32_t block_size;
	const char *serial;
	enum disk_cache cache;
	enum disk_werror werror;
	unsigned int node;
	unsigned int root;
};

/**
 * struct net_options - one network card
 * @tap: the host's interface; NULL: user networking
 * @forwards: "tcp:[ADDRESS]:PORT-:PORT", of user networking
 * @num_forwards: how many
 * @restricted: of user networking: the guest reaches neither the host nor what is
 *	behind it
 * @vhost: of a tap: the host's kernel moves the packets
 * @queues: of a tap with @vhost: pairs of queues; 0: one
 * @mtu: bytes of a packet, without its Ethernet header; 0: the network's
 * @mac: the card's address, if @has_mac
 * @has_mac: the user has given one
 * @node: where it is
 * @root: the node of whose PCI root it is, as the guest sees it: @node, unless the guest
 *	was restored
 */
struct net_options {
	const char *tap;
	const char *forwards[DEVICE_MAX_FORWARDS];
	unsigned int num_forwards;
	bool restricted;
	bool vhost;
	unsigned int queues;
	uint16_t mtu;
	uint8_t mac[DEVICE_MAC_SIZE];
	bool has_mac;
	unsigned int node;
	unsigned int root;
};

/**
 * struct device_options - all of them
 * @disks: the disks, the first is /dev/vda
 * @num_disks: how many
 * @nets: the network cards
 * @num_nets: how many
 * @console: the guest has a virtio console, which uses the terminal
 * @no_rng: the guest has no random number generator
 * @free_page_reporting: the guest reports memory that it does not need
 */
struct device_options {
	struct disk_options disks[DEVICE_MAX_DISKS];
	unsigned int num_disks;
	struct net_options nets[DEVICE_MAX_NETS];
	unsigned int num_nets;
	bool console;
	bool no_rng;
	bool free_page_reporting;
};

/* A new one to fill in. Ends the process if there are too many. */
struct disk_options *device_add_disk(struct device_options *devices);
struct net_options *device_add_net(struct device_options *devices);

/* Add a disk with a seed for cloud-init. */
void device_add_seed(struct device_options *devices, const char *folder);

/* What device_set_disk() and device_set_net() return for a key that they do not know. */
extern const char *const device_no_key;

/**
 * device_set_disk() - set a property of a disk
 * @disk: the disk
 * @key: its name, as in --disk and in the cluster file
 * @text: the user's word, which stays
 *
 * Return: NULL, or the error as the end of a sentence.
 */
const char *device_set_disk(struct disk_options *disk, const char *key,
			    const char *text);

/* The same for a network card. A hostfwd is added to those that there are. */
const char *device_set_net(struct net_options *net, const char *key,
			   const char *text);

/* The words of YAML 1.1; "y" and "n" are refused. Return: NULL, or the error. */
const char *device_parse_bool(const char *text, bool *value);

/**
 * device_get_mac() - the address of a network card
 * @devices: all devices
 * @card: which of @devices->nets
 * @guest: the guest's name; NULL: none
 * @mac: out: the user's, or one that is the same whenever this guest runs on this
 *	host, and another for each card
 */
void device_get_mac(const struct device_options *devices, unsigned int card,
		    const char *guest, uint8_t mac[DEVICE_MAC_SIZE]);

/* Parse --disk and --net. Ends the process with a message on errors. */
void device_parse_disk(struct device_options *devices, const char *text);
void device_parse_net(struct device_options *devices, const char *text);

/*
 * Ends the process if a device is on a node that does not exist, or if two
 * network cards were given one address.
 */
void device_check(const struct device_options *devices, unsigned int nodes);

/* The roots are those of the nodes. */
void device_set_roots(struct device_options *devices);

/* The node that has the devices of a PCI root. */
unsigned int device_root_node(const struct device_options *devices,
			      unsigned int root);

/* Has a node a device? Call with 0, 1, ... */
bool device_is_on(const struct device_options *devices, unsigned int node);

/* Has this node a network card with a user network? */
bool device_has_usernet(const struct device_options *devices, unsigned int node);

#endif /* VMM_DEVICE_OPTIONS_H */
