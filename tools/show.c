// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How peers and regions are shown: "show" and "monitor" do it the same way.
 */

#include "show.h"

#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "names.h"
#include "output.h"

#define SHOW_U64(reply, key, format, attr) \
	output_u64(key, format, genl_u64(reply, attr))

static void show_local_node(const struct genl_reply *reply)
{
	output_string("cluster", "cluster %s",
		      genl_string(reply, SSI_DSM_A_CLUSTER));
	output_u64("node", " node %" PRIu64,
		   genl_u32(reply, SSI_DSM_A_NODE_ID));
}

void show_region_name(const struct genl_reply *reply)
{
	show_local_node(reply);
	output_u64("region", " region %" PRIu64 "\n",
		   genl_u32(reply, SSI_DSM_A_REGION_ID));
}

static void show_reason(const struct genl_reply *reply)
{
	if (reply->tb[SSI_DSM_A_REASON])
		output_string("reason", " (%s)",
			      genl_string(reply, SSI_DSM_A_REASON));
}

void show_addr(const struct genl_reply *reply)
{
	const struct nlattr *attr = reply->tb[SSI_DSM_A_ADDR];
	struct sockaddr_storage addr = { };
	char host[NI_MAXHOST];
	char port[NI_MAXSERV];
	char text[NI_MAXHOST + NI_MAXSERV + 4];

	if (!attr)
		return;
	nla_memcpy(&addr, attr, sizeof(addr));
	if (getnameinfo((struct sockaddr *)&addr, nla_len(attr),
			host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	snprintf(text, sizeof(text),
		 addr.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	output_string("addr", " addr %s", text);
}

void show_peer(const struct genl_reply *reply)
{
	uint32_t delay = genl_u32(reply, SSI_DSM_A_LINK_DELAY);
	uint32_t grace = genl_u32(reply, SSI_DSM_A_LINK_GRACE);
	uint32_t queued = genl_u32(reply, SSI_DSM_A_QUEUED);
	uint32_t interruptions = genl_u32(reply, SSI_DSM_A_INTERRUPTIONS);
	uint64_t forged = genl_u64(reply, SSI_DSM_A_FORGED);
	const char *transport = name_transport(genl_u32(reply,
							SSI_DSM_A_TRANSPORT));

	show_local_node(reply);
	output_u64("id", " id %" PRIu64, genl_u32(reply, SSI_DSM_A_PEER_ID));
	show_addr(reply);
	output_u64("grace_ms", grace ? " grace %" PRIu64 : NULL, grace);
	output_u64("delay_us", delay ? " delay %" PRIu64 : NULL, delay);
	output_string("transport", " transport %s", transport ?: "unknown");
	output_string("security", " security %s",
		      name_security(genl_u32(reply, SSI_DSM_A_SECURITY)));
	output_string("link", " link %s",
		      name_link_state(genl_u32(reply, SSI_DSM_A_LINK_STATE)));
	show_reason(reply);
	SHOW_U64(reply, "rx_msgs", "\n    rx %" PRIu64 " messages",
		 SSI_DSM_A_RX_MSGS);
	SHOW_U64(reply, "rx_bytes", " %" PRIu64 " bytes", SSI_DSM_A_RX_BYTES);
	SHOW_U64(reply, "tx_msgs", " tx %" PRIu64 " messages",
		 SSI_DSM_A_TX_MSGS);
	SHOW_U64(reply, "tx_bytes", " %" PRIu64 " bytes", SSI_DSM_A_TX_BYTES);
	output_u64("queued", queued ? " queued %" PRIu64 : NULL, queued);
	output_u64("interruptions", interruptions ? " interruptions %" PRIu64 : NULL,
		   interruptions);
	output_u64("forged", forged ? " forged %" PRIu64 : NULL, forged);
	output_text("\n");
}

/* As "region add" takes it: the largest binary unit without a remainder. */
static void show_size(uint64_t size)
{
	static const char units[] = "KMGT";
	unsigned int unit = 0;

	while (size && !(size & 1023) && unit < strlen(units)) {
		size >>= 10;
		unit++;
	}
	output_text("%" PRIu64, size);
	if (unit)
		output_text("%c", units[unit - 1]);
}

static void show_map_entry(struct nlattr *entry)
{
	struct nlattr *tb[SSI_DSM_A_MAX + 1];
	uint64_t size = 0;
	uint32_t node = 0;

	if (nla_parse_nested(tb, SSI_DSM_A_MAX, entry, NULL))
		return;
	if (tb[SSI_DSM_A_MAP_NODE])
		node = nla_get_u32(tb[SSI_DSM_A_MAP_NODE]);
	if (tb[SSI_DSM_A_MAP_SIZE])
		size = nla_get_u64(tb[SSI_DSM_A_MAP_SIZE]);

	output_begin_object(NULL);
	output_u64("node", " map %" PRIu64 ":", node);
	output_u64("size", NULL, size);
	show_size(size);
	output_end();
}

static void show_map(const struct genl_reply *reply)
{
	struct nlattr *attr;
	int rem;

	output_begin_array("map");
	nla_for_each_attr(attr, reply->attrs, reply->len, rem)
		if (nla_type(attr) == SSI_DSM_A_MAP)
			show_map_entry(attr);
	output_end();
}

void show_region(const struct genl_reply *reply)
{
	uint32_t state = genl_u32(reply, SSI_DSM_A_REGION_STATE);

	show_local_node(reply);
	output_u64("id", " id %" PRIu64,
		   genl_u32(reply, SSI_DSM_A_REGION_ID));
	show_map(reply);
	output_string("state", " state %s", name_region_state(state));
	show_reason(reply);
	SHOW_U64(reply, "size", "\n    size %" PRIu64 " bytes", SSI_DSM_A_SIZE);
	SHOW_U64(reply, "pages_shared", "\n    shared %" PRIu64 " pages",
		 SSI_DSM_A_PAGES_SHARED);
	SHOW_U64(reply, "pages_exclusive", " exclusive %" PRIu64 " pages",
		 SSI_DSM_A_PAGES_EXCLUSIVE);
	SHOW_U64(reply, "directory_pages", " directory %" PRIu64 " pages",
		 SSI_DSM_A_DIRECTORY_PAGES);
	SHOW_U64(reply, "metadata", " metadata %" PRIu64 " bytes",
		 SSI_DSM_A_METADATA);
	SHOW_U64(reply, "pages_cached", "\n    cached %" PRIu64 " pages",
		 SSI_DSM_A_PAGES_CACHED);
	SHOW_U64(reply, "dropped", " dropped %" PRIu64 " pages",
		 SSI_DSM_A_DROPPED);
	SHOW_U64(reply, "put", " put %" PRIu64 " pages", SSI_DSM_A_PUT);
	SHOW_U64(reply, "blocks_huge", "\n    huge %" PRIu64 " blocks",
		 SSI_DSM_A_BLOCKS_HUGE);
	SHOW_U64(reply, "blocks_split", " split %" PRIu64 " blocks",
		 SSI_DSM_A_BLOCKS_SPLIT);
	SHOW_U64(reply, "homes_given", "\n    homes given %" PRIu64,
		 SSI_DSM_A_HOMES_GIVEN);
	SHOW_U64(reply, "homes_taken", " taken %" PRIu64, SSI_DSM_A_HOMES_TAKEN);
	SHOW_U64(reply, "passed_on", " passed on %" PRIu64 " messages",
		 SSI_DSM_A_PASSED_ON);
	output_text("\n");
}
