// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The addresses of nodes whose hosts the configuration names.
 *
 * All hosts must find the same address for a name, also the host that has this name:
 * Debian's /etc/hosts gives it 127.0.1.1. There the node's address is the one from
 * which this host reaches another node.
 */
#include "config_hosts.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config_tree.h"

/* What was found before: a guest that resets itself keeps its addresses. */
static struct {
	char name[128];
	struct sockaddr_storage sockaddr;
	socklen_t sockaddr_len;
} hosts_found[SSI_DSM_MAX_NODES];

/* The other nodes could not tell apart two nodes with one address. */
void config_check_addresses(const struct options *options)
{
	for (unsigned int i = 0; i < options->num_nodes; i++)
		for (unsigned int j = 0; j < i; j++) {
			const struct node_options *a = &options->nodes[j];
			const struct node_options *b = &options->nodes[i];

			if (!options->loop && a->sockaddr_len &&
			    a->sockaddr_len == b->sockaddr_len &&
			    !memcmp(&a->sockaddr, &b->sockaddr,
				    a->sockaddr_len))
				config_refuse(b->address, "Nodes %u and %u have the same address, %s; give each node an address of its own.",
					      j, i, b->address);
		}
}

static bool find_again(struct node_options *node)
{
	if (strcmp(hosts_found[node->id].name, node->address) ||
	    !hosts_found[node->id].sockaddr_len)
		return false;
	node->sockaddr = hosts_found[node->id].sockaddr;
	node->sockaddr_len = hosts_found[node->id].sockaddr_len;
	return true;
}

static void remember(const struct node_options *node)
{
	if (strlen(node->address) >= sizeof(hosts_found[0].name))
		return;
	strcpy(hosts_found[node->id].name, node->address);
	hosts_found[node->id].sockaddr = node->sockaddr;
	hosts_found[node->id].sockaddr_len = node->sockaddr_len;
}

static void look_up(struct node_options *node)
{
	const char *why = address_look_up(node->address, &node->sockaddr,
					  &node->sockaddr_len);

	if (why)
		config_refuse(node->address, "The host \"%s\" of node %u %s; correct the name, add it to /etc/hosts, or write the address in numbers.",
			      node->address, node->id, why);
}

static bool is_known(const struct node_options *node)
{
	return node->sockaddr_len && !address_is_loopback(&node->sockaddr);
}

/* The name of this host leads to itself: take the address that others see. */
static void find_own(struct options *options, struct node_options *own)
{
	struct sockaddr_storage from = { 0 };
	socklen_t len = sizeof(from);
	bool found = false;

	for (unsigned int i = 0; i < options->num_nodes && !found; i++) {
		const struct node_options *other = &options->nodes[i];
		int fd;

		if (!is_known(other))
			continue;
		fd = socket(other->sockaddr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC,
			    0);
		/* A UDP socket sends nothing when it is connected. */
		found = fd >= 0 &&
			!connect(fd, (const struct sockaddr *)&other->sockaddr,
				 other->sockaddr_len) &&
			!getsockname(fd, (struct sockaddr *)&from, &len) &&
			!address_is_loopback(&from);
		if (fd >= 0)
			close(fd);
	}
	if (!found)
		config_refuse(own->address, "The host \"%s\" of node %u leads to this host itself (127.0.1.1 or the like), and no route to another node shows its address; write the address in numbers.",
			      own->address, own->id);
	address_copy_port(&from, &own->sockaddr);
	own->sockaddr = from;
	own->sockaddr_len = len;
}

void config_find_addresses(struct options *options)
{
	bool is_asked[SSI_DSM_MAX_NODES] = { 0 };

	if (options->loop || options->num_nodes == 1)
		return;
	for (unsigned int i = 0; i < options->num_nodes; i++) {
		struct node_options *node = &options->nodes[i];

		if (node->sockaddr_len || find_again(node))
			continue;
		look_up(node);
		is_asked[i] = true;
	}
	for (unsigned int i = 0; i < options->num_nodes; i++) {
		if (!is_asked[i])
			continue;
		if (!is_known(&options->nodes[i]))
			find_own(options, &options->nodes[i]);
		remember(&options->nodes[i]);
	}
	config_check_addresses(options);
}
