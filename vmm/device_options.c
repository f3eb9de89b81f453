// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's disks and network cards, as the user describes them. */
#include "device_options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/number.h"
#include "log.h"

#define BLOCK_MIN	512u
#define BLOCK_MAX	4096u
#define MAC_LOCAL	0x02	/* locally administered, and of one card */
#define MAC_GROUP	0x01
#define FNV_BASIS	0xcbf29ce484222325ull	/* FNV-1a */
#define FNV_PRIME	0x100000001b3ull

struct disk_options *device_add_disk(struct device_options *devices)
{
	if (devices->num_disks == DEVICE_MAX_DISKS)
		die(EXIT_USAGE, "A guest has at most %u disks.",
		    DEVICE_MAX_DISKS);
	return &devices->disks[devices->num_disks++];
}

struct net_options *device_add_net(struct device_options *devices)
{
	if (devices->num_nets == DEVICE_MAX_NETS)
		die(EXIT_USAGE, "A guest has at most %u network cards.",
		    DEVICE_MAX_NETS);
	return &devices->nets[devices->num_nets++];
}

void device_add_forward(struct net_options *net, const char *forward)
{
	if (net->num_forwards == DEVICE_MAX_FORWARDS)
		die(EXIT_USAGE, "A network card has at most %u forwarded ports.",
		    DEVICE_MAX_FORWARDS);
	net->forwards[net->num_forwards++] = forward;
}

/* A guest's Linux takes no blocks that are larger than its pages. */
void device_set_block_size(struct disk_options *disk, const char *text)
{
	uint64_t size;

	if (!number_parse(text, BLOCK_MAX, &size) || size < BLOCK_MIN ||
	    (size & (size - 1)))
		die(EXIT_USAGE, "The logical-block-size %s of the disk %s is not valid: it is 512, 1024, 2048 or 4096.",
		    text, disk->file);
	disk->block_size = size;
}

void device_set_werror(struct disk_options *disk, const char *text)
{
	if (strcmp(text, "enospc") == 0)
		disk->werror = DISK_WERROR_ENOSPC;
	else if (strcmp(text, "stop") == 0)
		disk->werror = DISK_WERROR_STOP;
	else if (strcmp(text, "report") == 0)
		disk->werror = DISK_WERROR_REPORT;
	else
		die(EXIT_USAGE, "The werror \"%s\" of the disk %s is not valid: it is enospc, stop or report.",
		    text, disk->file);
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

void device_set_mac(struct net_options *net, const char *text)
{
	static const uint8_t none[DEVICE_MAC_SIZE];

	if (!parse_mac(text, net->mac) || (net->mac[0] & MAC_GROUP) ||
	    !memcmp(net->mac, none, sizeof(none)))
		die(EXIT_USAGE, "The address %s of a network card is not valid: it is six pairs of hexadecimal digits, and no group address, as in 52:54:00:12:34:56.",
		    text);
	net->has_mac = true;
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

/* The text behind "NAME=" if @word is that, or NULL. */
static char *value_of(char *word, const char *name)
{
	size_t len = strlen(name);

	return strncmp(word, name, len) || word[len] != '=' ? NULL :
							      word + len + 1;
}

static unsigned int parse_node(const char *option, const char *text)
{
	uint64_t node;

	if (!number_parse(text, UINT16_MAX, &node))
		die(EXIT_USAGE, "%s has node=%s, which is not the id of a node.",
		    option, text);
	return node;
}

/* The words of an option. The option itself stays: a reset starts again. */
static char *first_word(const char *text, char **save)
{
	char *copy = strdup(text);

	if (!copy)
		die(EXIT_HOST, "There is no memory for the options.");
	return strtok_r(copy, ",", save);
}

static void take_disk_word(struct disk_options *disk, char *word)
{
	char *node = value_of(word, "node");
	char *block_size = value_of(word, "logical-block-size");
	char *werror = value_of(word, "werror");

	if (node)
		disk->node = parse_node("--disk", node);
	else if (block_size)
		device_set_block_size(disk, block_size);
	else if (werror)
		device_set_werror(disk, werror);
	else if (strcmp(word, "readonly") == 0)
		disk->readonly = true;
	else
		die(EXIT_USAGE, "--disk does not know \"%s\"; it is FILE[,readonly][,logical-block-size=N][,werror=enospc|stop|report][,node=ID].",
		    word);
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
	char *node = value_of(word, "node");
	char *forward = value_of(word, "hostfwd");
	char *mac = value_of(word, "mac");

	if (node)
		net->node = parse_node("--net", node);
	else if (mac)
		device_set_mac(net, mac);
	else if (forward && !net->tap)
		device_add_forward(net, forward);
	else
		die(EXIT_USAGE, "--net does not know \"%s\" here; it is user[,hostfwd=tcp:[ADDRESS]:PORT-:PORT][,mac=ADDRESS][,node=ID] or tap=NAME[,mac=ADDRESS][,node=ID].",
		    word);
}

void device_parse_net(struct device_options *devices, const char *text)
{
	struct net_options *net = device_add_net(devices);
	char *save, *word = first_word(text, &save);

	if (word)
		net->tap = value_of(word, "tap");
	if (!word || (!net->tap && strcmp(word, "user")))
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

void device_check(const struct device_options *devices, unsigned int nodes)
{
	check_macs(devices);
	for (unsigned int i = 0; i < devices->num_disks; i++)
		check_node(devices->disks[i].file, devices->disks[i].node,
			   nodes);
	for (unsigned int i = 0; i < devices->num_nets; i++)
		check_node("A network card", devices->nets[i].node, nodes);
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
