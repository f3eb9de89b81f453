// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's disks and network cards, as the user describes them. */
#include "device_options.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/number.h"
#include "log.h"

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

void device_parse_disk(struct device_options *devices, const char *text)
{
	struct disk_options *disk = device_add_disk(devices);
	char *save, *word = first_word(text, &save);

	if (!word)
		die(EXIT_USAGE, "--disk needs the name of a file.");
	disk->file = word;
	while ((word = strtok_r(NULL, ",", &save))) {
		char *node = value_of(word, "node");

		if (node)
			disk->node = parse_node("--disk", node);
		else if (strcmp(word, "readonly") == 0)
			disk->readonly = true;
		else
			die(EXIT_USAGE, "--disk does not know \"%s\"; it is FILE[,readonly][,node=ID].",
			    word);
	}
}

static void take_net_word(struct net_options *net, char *word)
{
	char *node = value_of(word, "node");
	char *forward = value_of(word, "hostfwd");

	if (node)
		net->node = parse_node("--net", node);
	else if (forward && !net->tap)
		device_add_forward(net, forward);
	else
		die(EXIT_USAGE, "--net does not know \"%s\" here; it is user[,hostfwd=tcp:[ADDRESS]:PORT-:PORT][,node=ID] or tap=NAME[,node=ID].",
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
		die(EXIT_USAGE, "%s is to be on node %u, which does not exist; the ids are 0 to %u.",
		    what, node, nodes - 1);
}

void device_check(const struct device_options *devices, unsigned int nodes)
{
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
