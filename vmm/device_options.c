// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's disks and network cards, as the user describes them. */
#include "device_options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../lib/number.h"
#include "log.h"

#define BLOCK_MIN	512u
#define BLOCK_MAX	4096u
#define MAC_LOCAL	0x02	/* locally administered, and of one card */
#define MAC_GROUP	0x01
#define MTU_MIN		576u	/* what each host must take (RFC 791) */
#define MTU_MAX		65521u	/* the largest one of libslirp */
#define FNV_BASIS	0xcbf29ce484222325ull	/* FNV-1a */
#define FNV_PRIME	0x100000001b3ull

const char *const device_no_key = "is not known";

struct disk_options *device_add_disk(struct device_options *devices)
{
	if (devices->num_disks == DEVICE_MAX_DISKS)
		die(EXIT_USAGE, "A guest has at most %u disks.",
		    DEVICE_MAX_DISKS);
	return &devices->disks[devices->num_disks++];
}

void device_add_seed(struct device_options *devices, const char *folder)
{
	struct disk_options *disk = device_add_disk(devices);

	disk->file = folder;
	disk->is_seed = true;
	disk->readonly = true;
	disk->serial = "cidata";
}

struct net_options *device_add_net(struct device_options *devices)
{
	if (devices->num_nets == DEVICE_MAX_NETS)
		die(EXIT_USAGE, "A guest has at most %u network cards.",
		    DEVICE_MAX_NETS);
	return &devices->nets[devices->num_nets++];
}

/* A guest's Linux takes no blocks that are larger than its pages. */
static const char *set_block_size(struct disk_options *disk, const char *text)
{
	uint64_t size;

	if (!number_parse(text, BLOCK_MAX, &size) || size < BLOCK_MIN ||
	    (size & (size - 1)))
		return "is not 512, 1024, 2048 or 4096";
	disk->block_size = size;
	return NULL;
}

static const char *set_werror(struct disk_options *disk, const char *text)
{
	if (strcmp(text, "enospc") == 0)
		disk->werror = DISK_WERROR_ENOSPC;
	else if (strcmp(text, "stop") == 0)
		disk->werror = DISK_WERROR_STOP;
	else if (strcmp(text, "report") == 0)
		disk->werror = DISK_WERROR_REPORT;
	else
		return "is not enospc, stop or report";
	return NULL;
}

/* The guest shows it to programs, udev makes names of files from it. */
static const char *set_serial(struct disk_options *disk, const char *text)
{
	size_t len = strlen(text);

	if (!len || len > DISK_SERIAL_MAX)
		return "has not 1 to 20 characters";
	for (const char *c = text; *c; c++)
		if (!isgraph((unsigned char)*c))
			return "has a character that is not a letter, a digit or a sign of ASCII";
	disk->serial = text;
	return NULL;
}

static const char *set_cache(struct disk_options *disk, const char *text)
{
	static const char *const names[] = {
		[DISK_WRITEBACK] = "writeback",
		[DISK_WRITETHROUGH] = "writethrough",
		[DISK_NONE] = "none",
		[DISK_DIRECTSYNC] = "directsync",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(text, names[i])) {
			disk->cache = i;
			return NULL;
		}
	return "is not writeback, writethrough, none or directsync";
}

const char *device_parse_bool(const char *text, bool *value)
{
	static const char *const words[] = {
		"false", "true", "no", "yes", "off", "on",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(text, words[i])) {
			*value = i % 2;
			return NULL;
		}
	return "is neither true nor false";
}

static const char *set_readonly(struct disk_options *disk, const char *text)
{
	return device_parse_bool(text, &disk->readonly);
}

static const char *parse_node(const char *text, unsigned int *node)
{
	uint64_t value;

	if (!number_parse(text, UINT16_MAX, &value))
		return "is not the id of a node";
	*node = value;
	return NULL;
}

static const char *set_disk_node(struct disk_options *disk, const char *text)
{
	return parse_node(text, &disk->node);
}

static const struct {
	const char *key;
	const char *(*set)(struct disk_options *disk, const char *text);
} disk_keys[] = {
	{ "readonly", set_readonly },
	{ "logical-block-size", set_block_size },
	{ "serial", set_serial },
	{ "cache", set_cache },
	{ "werror", set_werror },
	{ "node", set_disk_node },
};

const char *device_set_disk(struct disk_options *disk, const char *key,
			    const char *text)
{
	for (size_t i = 0; i < sizeof(disk_keys) / sizeof(disk_keys[0]); i++)
		if (!strcmp(key, disk_keys[i].key))
			return disk_keys[i].set(disk, text);
	return device_no_key;
}

/* Six pairs of hexadecimal digits with colons between them. */
static bool parse_mac(const char *text, uint8_t mac[DEVICE_MAC_SIZE])
{
	for (unsigned int i = 0; i < DEVICE_MAC_SIZE; i++, text += 3) {
		const char pair[] = { text[0], text[0] ? text[1] : 0, 0 };

		if (!isxdigit((unsigned char)pair[0]) ||
		    !isxdigit((unsigned char)pair[1]) ||
		    text[2] != (i < DEVICE_MAC_SIZE - 1 ? ':' : '\0'))
			return false;
		mac[i] = strtoul(pair, NULL, 16);
	}
	return true;
}

static const char *set_mac(struct net_options *net, const char *text)
{
	static const uint8_t none[DEVICE_MAC_SIZE];

	if (!parse_mac(text, net->mac) || (net->mac[0] & MAC_GROUP) ||
	    !memcmp(net->mac, none, sizeof(none)))
		return "is not six pairs of hexadecimal digits, and no group address, as in 52:54:00:12:34:56";
	net->has_mac = true;
	return NULL;
}

static const char *set_forward(struct net_options *net, const char *text)
{
	if (net->tap)
		return "is for cards of the kind user; a tap has all ports";
	if (net->num_forwards == DEVICE_MAX_FORWARDS)
		return "is one too many: a network card has at most 8 forwarded ports";
	net->forwards[net->num_forwards++] = text;
	return NULL;
}

static const char *set_restrict(struct net_options *net, const char *text)
{
	if (net->tap)
		return "is for cards of the kind user; for a tap, use the host's firewall";
	return device_parse_bool(text, &net->restricted);
}

static const char *set_vhost(struct net_options *net, const char *text)
{
	if (!net->tap)
		return "is for cards of the kind tap";
	return device_parse_bool(text, &net->vhost);
}

static const char *set_queues(struct net_options *net, const char *text)
{
	uint64_t queues;

	if (!number_parse(text, DEVICE_MAX_QUEUES, &queues) || !queues)
		return "is not a number from 1 to 7";
	net->queues = queues;
	return NULL;
}

static const char *set_mtu(struct net_options *net, const char *text)
{
	uint64_t mtu;

	if (!number_parse(text, MTU_MAX, &mtu) || mtu < MTU_MIN)
		return "is not a number of bytes from 576 to 65521";
	net->mtu = mtu;
	return NULL;
}

static const char *set_net_node(struct net_options *net, const char *text)
{
	return parse_node(text, &net->node);
}

static const struct {
	const char *key;
	const char *(*set)(struct net_options *net, const char *text);
} net_keys[] = {
	{ "mac", set_mac },
	{ "mtu", set_mtu },
	{ "hostfwd", set_forward },
	{ "restrict", set_restrict },
	{ "vhost", set_vhost },
	{ "queues", set_queues },
	{ "node", set_net_node },
};

const char *device_set_net(struct net_options *net, const char *key,
			   const char *text)
{
	for (size_t i = 0; i < sizeof(net_keys) / sizeof(net_keys[0]); i++)
		if (!strcmp(key, net_keys[i].key))
			return net_keys[i].set(net, text);
	return device_no_key;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	while (*text)
		hash = (hash ^ (unsigned char)*text++) * FNV_PRIME;
	return hash;
}

void device_get_mac(const struct device_options *devices, unsigned int card,
		    const char *guest, uint8_t mac[DEVICE_MAC_SIZE])
{
	const struct net_options *net = &devices->nets[card];
	uint64_t hash = FNV_BASIS;
	char host[65] = "";

	if (net->has_mac) {
		memcpy(mac, net->mac, DEVICE_MAC_SIZE);
		return;
	}
	gethostname(host, sizeof(host) - 1);
	hash = hash_text(hash, host);
	hash = hash_text(hash, guest ? guest : "");
	hash = hash_text(hash, net->tap ? net->tap : "");
	hash = (hash ^ card) * FNV_PRIME;
	memcpy(mac, &hash, DEVICE_MAC_SIZE);
	mac[0] = MAC_LOCAL;
}

/* The words of an option. The option itself stays: a reset starts again. */
static char *first_word(const char *text, char **save)
{
	char *copy = strdup(text);

	if (!copy)
		die(EXIT_HOST, "There is no memory for the options.");
	return strtok_r(copy, ",", save);
}

/* Split "KEY=VALUE" in place; a word without "=" is true. */
static const char *split(char *word)
{
	char *sign = strchr(word, '=');

	if (!sign)
		return "true";
	*sign = '\0';
	return sign + 1;
}

static void take_disk_word(struct disk_options *disk, char *word)
{
	const char *value = split(word);
	const char *why = device_set_disk(disk, word, value);

	if (why == device_no_key)
		die(EXIT_USAGE, "--disk does not know \"%s\"; it is FILE[,readonly][,logical-block-size=N][,serial=TEXT][,cache=writeback|writethrough|none|directsync][,werror=enospc|stop|report][,node=ID].",
		    word);
	if (why)
		die(EXIT_USAGE, "The %s of the disk %s, \"%s\", %s.", word,
		    disk->file, value, why);
}

void device_parse_disk(struct device_options *devices, const char *text)
{
	struct disk_options *disk = device_add_disk(devices);
	char *save, *word = first_word(text, &save);

	if (!word)
		die(EXIT_USAGE, "--disk needs the name of a file.");
	disk->file = word;
	while ((word = strtok_r(NULL, ",", &save)))
		take_disk_word(disk, word);
}

static void take_net_word(struct net_options *net, char *word)
{
	const char *value = split(word);
	const char *why = device_set_net(net, word, value);

	if (why == device_no_key)
		die(EXIT_USAGE, "--net does not know \"%s\"; it is user[,hostfwd=tcp:[ADDRESS]:PORT-:PORT][,restrict=on] or tap=NAME[,vhost=on[,queues=N]], and for both [,mac=ADDRESS][,mtu=N][,node=ID].",
		    word);
	if (why)
		die(EXIT_USAGE, "The %s of a network card, \"%s\", %s.", word,
		    value, why);
}

void device_parse_net(struct device_options *devices, const char *text)
{
	struct net_options *net = device_add_net(devices);
	char *save, *word = first_word(text, &save);

	if (word && !strncmp(word, "tap=", 4) && word[4])
		net->tap = word + 4;
	else if (!word || strcmp(word, "user"))
		die(EXIT_USAGE, "--net is user or tap=NAME, not \"%s\".",
		    word ? word : "");
	while ((word = strtok_r(NULL, ",", &save)))
		take_net_word(net, word);
}

static void check_node(const char *what, unsigned int node, unsigned int nodes)
{
	if (node >= nodes)
		die(EXIT_USAGE, "%s cannot be on node %u, which does not exist; the ids of the nodes are 0 to %u.",
		    what, node, nodes - 1);
}

static void check_macs(const struct device_options *devices)
{
	const struct net_options *nets = devices->nets;

	for (unsigned int i = 0; i < devices->num_nets; i++)
		for (unsigned int j = 0; j < i; j++)
			if (nets[i].has_mac && nets[j].has_mac &&
			    !memcmp(nets[i].mac, nets[j].mac, DEVICE_MAC_SIZE))
				die(EXIT_USAGE, "Two network cards, the ones numbered %u and %u, have the same address; give each another one with mac=.",
				    j + 1, i + 1);
}

/* The library drops the guest's answers to them: it looks for no socket of theirs. */
static void check_restricted(const struct net_options *net, unsigned int number)
{
	for (unsigned int i = 0; net->restricted && i < net->num_forwards; i++)
		if (!strncmp(net->forwards[i], "udp:", 4))
			die(EXIT_USAGE, "Network card %u has restrict=on and the forwarded port %s, to which the guest could not answer; forward a port of tcp, or leave out restrict=on.",
			    number + 1, net->forwards[i]);
}

static void check_vhost(const struct net_options *net, unsigned int number,
			unsigned int nodes)
{
	if (net->queues > 1 && !net->vhost)
		die(EXIT_USAGE, "Network card %u has queues=%u, which needs tap=NAME,vhost=on.",
		    number + 1, net->queues);
	if (net->vhost && nodes > 1)
		die(EXIT_USAGE, "The card of the interface %s has vhost=on, which only a guest of one node may have; the kernel's thread cannot wait for memory of other nodes.",
		    net->tap);
}

void device_check(const struct device_options *devices, unsigned int nodes)
{
	check_macs(devices);
	for (unsigned int i = 0; i < devices->num_disks; i++)
		check_node(devices->disks[i].file, devices->disks[i].node,
			   nodes);
	for (unsigned int i = 0; i < devices->num_nets; i++) {
		check_node("A network card", devices->nets[i].node, nodes);
		check_restricted(&devices->nets[i], i);
		check_vhost(&devices->nets[i], i, nodes);
	}
}

void device_set_roots(struct device_options *devices)
{
	for (unsigned int i = 0; i < devices->num_disks; i++)
		devices->disks[i].root = devices->disks[i].node;
	for (unsigned int i = 0; i < devices->num_nets; i++)
		devices->nets[i].root = devices->nets[i].node;
}

/* Root 0 has the console, too, and is always on node 0. */
unsigned int device_root_node(const struct device_options *devices,
			      unsigned int root)
{
	for (unsigned int i = 0; root && i < devices->num_disks; i++)
		if (devices->disks[i].root == root)
			return devices->disks[i].node;
	for (unsigned int i = 0; root && i < devices->num_nets; i++)
		if (devices->nets[i].root == root)
			return devices->nets[i].node;
	return 0;
}

bool device_is_on(const struct device_options *devices, unsigned int node)
{
	for (unsigned int i = 0; i < devices->num_disks; i++)
		if (devices->disks[i].node == node)
			return true;
	for (unsigned int i = 0; i < devices->num_nets; i++)
		if (devices->nets[i].node == node)
			return true;
	return false;
}

bool device_has_usernet(const struct device_options *devices, unsigned int node)
{
	for (unsigned int i = 0; i < devices->num_nets; i++)
		if (devices->nets[i].node == node && !devices->nets[i].tap)
			return true;
	return false;
}
