// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arguments: pairs of keyword and value, put into a netlink message.
 */

#include "args.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <linux/ssi_dsm_genl.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "../lib/address.h"
#include "../lib/genl.h"
#include "../lib/name.h"
#include "../lib/number.h"
#include "names.h"
#include "output.h"

static int full(void)
{
	error("the arguments do not fit into one netlink message");
	return -1;
}

static int put(struct nl_msg *msg, uint32_t attr, const void *data, size_t len)
{
	return nla_put(msg, attr, len, data) ? full() : 0;
}

/* Bytes, or a binary multiple: 512K, 256M, 4G, 1T. */
static int parse_size(const char *text, uint64_t *size)
{
	static const char units[] = "KMGT";
	const char *rest = number_read(text, size);
	const char *unit;
	unsigned int shift;

	if (!rest)
		return -1;
	if (!*rest)
		return 0;
	unit = strchr(units, toupper((unsigned char)*rest));
	if (!unit || rest[1])
		return -1;
	shift = 10 * (unsigned int)(unit - units + 1);
	if (*size > UINT64_MAX >> shift)
		return -1;
	*size <<= shift;
	return 0;
}

int args_put_string(struct nl_msg *msg, uint32_t attr, const char *value)
{
	return put(msg, attr, value, strlen(value) + 1);
}

int args_put_name(struct nl_msg *msg, uint32_t attr, const char *value)
{
	const char *why = name_check(value);
	char printed[64];

	if (why) {
		name_print(value, printed, sizeof(printed));
		error("the name \"%s\" %s", printed, why);
		return -1;
	}
	return args_put_string(msg, attr, value);
}

int args_put_u32(struct nl_msg *msg, uint32_t attr, const char *value)
{
	uint64_t number;
	uint32_t u32;

	if (!number_parse(value, UINT32_MAX, &number)) {
		error("\"%s\" is not a number from 0 to %u", value, UINT32_MAX);
		return -1;
	}
	u32 = number;
	return put(msg, attr, &u32, sizeof(u32));
}

int args_put_policy(struct nl_msg *msg, uint32_t id, const char *value)
{
	uint64_t number = SSI_DSM_POLICY_AUTO;

	if (strcmp(value, "auto") && parse_size(value, &number)) {
		error("\"%s\" is neither a number nor \"auto\"", value);
		return -1;
	}
	return genl_put_policy(msg, id, number) ? full() : 0;
}

int args_put_transport(struct nl_msg *msg, uint32_t attr, const char *value)
{
	uint32_t transport;

	for (transport = 0; name_transport(transport); transport++)
		if (!strcmp(value, name_transport(transport)))
			return put(msg, attr, &transport, sizeof(transport));
	error("\"%s\" is not a transport; the transports are \"auto\", \"rdma\", \"tcp\" and \"loop\"",
	      value);
	return -1;
}

int args_put_addr(struct nl_msg *msg, uint32_t attr, const char *value)
{
	struct sockaddr_storage addr;
	socklen_t len;
	const char *why = address_parse(value, &addr, &len);

	if (why) {
		error("\"%s\" %s", value, why);
		return -1;
	}
	return put(msg, attr, &addr, len);
}

int args_put_map(struct nl_msg *msg, uint32_t attr, const char *value)
{
	uint64_t node, size;
	const char *rest = number_read(value, &node);

	(void)attr;
	if (!rest || node > UINT32_MAX ||
	    *rest != ':' || parse_size(rest + 1, &size)) {
		error("\"%s\" is not a part of a map; write NODE:SIZE, for example 0:256M",
		      value);
		return -1;
	}
	return genl_put_map(msg, node, size) ? full() : 0;
}

static const struct keyword *find_keyword(const struct keyword *keywords,
					  const char *word)
{
	for (; keywords->name; keywords++)
		if (*word && !strncmp(keywords->name, word, strlen(word)))
			return keywords;
	error("\"%s\" is not a keyword of this command", word);
	return NULL;
}

/* @given: a bit for each keyword that was there. */
static int put_pairs(struct nl_msg *msg, const struct keyword *keywords,
		     int argc, char **argv, uint32_t *given)
{
	const struct keyword *keyword;
	uint32_t bit;

	for (*given = 0; argc > 0; argc -= 2, argv += 2) {
		keyword = find_keyword(keywords, argv[0]);
		if (!keyword)
			return -1;
		if (argc == 1) {
			error("\"%s\" needs a value", keyword->name);
			return -1;
		}
		bit = 1u << (keyword - keywords);
		if (*given & bit && !(keyword->flags & ARG_MANY)) {
			error("\"%s\" is given twice", keyword->name);
			return -1;
		}
		*given |= bit;
		if (keyword->put(msg, keyword->attr, argv[1]))
			return -1;
	}
	return 0;
}

int args_put(struct nl_msg *msg, const struct keyword *keywords, int argc,
	     char **argv, bool *complete)
{
	const struct keyword *keyword;
	uint32_t given;

	if (put_pairs(msg, keywords, argc, argv, &given))
		return -1;
	if (complete)
		*complete = true;
	for (keyword = keywords; keyword->name; keyword++) {
		if (!(keyword->flags & ARG_REQUIRED) ||
		    given & 1u << (keyword - keywords))
			continue;
		if (!complete) {
			error("\"%s\" is required", keyword->name);
			return -1;
		}
		*complete = false;
	}
	return 0;
}
