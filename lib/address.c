// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses of nodes as users write them.
 */

#include "address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <linux/ssi_dsm_genl.h>

#include "number.h"

static const char not_an_address[] =
	"is not an address in numbers like 10.0.0.1, 10.0.0.1:7471, fd00::1 or [fd00::1]:7471";

/* Split in place. @port stays NULL if the text has none. */
static bool split(char *text, char **host, char **port)
{
	char *colon = strchr(text, ':');
	char *bracket;

	*host = text;
	*port = NULL;
	if (*text == '[') {
		bracket = strchr(text, ']');
		if (!bracket || (bracket[1] && bracket[1] != ':'))
			return false;
		*host = text + 1;
		if (bracket[1])
			*port = bracket + 2;
		*bracket = '\0';
	} else if (colon && !strchr(colon + 1, ':')) {
		*port = colon + 1;
		*colon = '\0';
	}
	return true;
}

static bool read_ipv4(const char *host, struct sockaddr_storage *addr,
		      socklen_t *len)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
		return false;
	*len = sizeof(in);
	memcpy(addr, &in, sizeof(in));
	return true;
}

/* Unlike inet_pton(), getaddrinfo() knows scopes: fe80::1%eth0. */
static bool read_ipv6(const char *host, struct sockaddr_storage *addr,
		      socklen_t *len)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST, .ai_family = AF_INET6,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found;

	if (getaddrinfo(host, NULL, &hints, &found))
		return false;
	*len = found->ai_addrlen;
	memcpy(addr, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return true;
}

static void set_port(struct sockaddr_storage *addr, uint16_t port)
{
	if (addr->ss_family == AF_INET)
		((struct sockaddr_in *)addr)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)addr)->sin6_port = htons(port);
}

const char *address_parse(const char *text, struct sockaddr_storage *addr,
			  socklen_t *len)
{
	char copy[128], *host, *port;
	uint64_t number = SSI_DSM_PORT;
	int length = snprintf(copy, sizeof(copy), "%s", text);

	memset(addr, 0, sizeof(*addr));
	if (length >= (int)sizeof(copy) || !split(copy, &host, &port))
		return not_an_address;
	if (port && (!number_parse(port, UINT16_MAX, &number) || !number))
		return "has a port that is not a number from 1 to 65535";
	if (!read_ipv4(host, addr, len) && !read_ipv6(host, addr, len))
		return not_an_address;
	/* [10.0.0.1]: brackets are for IPv6 */
	if (*text == '[' && addr->ss_family == AF_INET)
		return not_an_address;
	set_port(addr, number);
	return NULL;
}

/* RFC 1123: the last part of a name is no number, so it is no address in numbers. */
bool address_is_name(const char *text)
{
	char copy[128], *host, *port, *last;
	uint64_t number;
	size_t len;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy) ||
	    *text == '[' || !split(copy, &host, &port))
		return false;
	if (port && (!number_parse(port, UINT16_MAX, &number) || !number))
		return false;
	len = strlen(host);
	if (!len || strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != len)
		return false;
	last = strrchr(host, '.');
	last = last ? last + 1 : host;
	return isalpha((unsigned char)*last) && *host != '.' && *host != '-' &&
	       !strstr(host, "..");
}

bool address_is_loopback(const struct sockaddr_storage *addr)
{
	const struct sockaddr_in *in = (const void *)addr;
	const struct sockaddr_in6 *in6 = (const void *)addr;

	if (addr->ss_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

void address_copy_port(struct sockaddr_storage *to,
		       const struct sockaddr_storage *from)
{
	const struct sockaddr_in *in = (const void *)from;
	const struct sockaddr_in6 *in6 = (const void *)from;

	set_port(to, ntohs(from->ss_family == AF_INET ? in->sin_port :
							in6->sin6_port));
}

/* The higher, the better. All hosts must choose the same one. */
static int rank(const struct addrinfo *info)
{
	if (address_is_loopback((const void *)info->ai_addr))
		return 1;
	return info->ai_family == AF_INET ? 3 : 2;
}

const char *address_look_up(const char *text, struct sockaddr_storage *addr,
			    socklen_t *len)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const struct addrinfo *best;
	struct addrinfo *found;
	char copy[128], *host, *port;
	uint64_t number = SSI_DSM_PORT;
	int err;

	snprintf(copy, sizeof(copy), "%s", text);
	if (!address_is_name(text) || !split(copy, &host, &port) ||
	    (port && !number_parse(port, UINT16_MAX, &number)))
		return "is not the name of a host";
	err = getaddrinfo(host, NULL, &hints, &found);
	if (err == EAI_AGAIN)
		return "was not found, because no name server has answered";
	if (err)
		return "was not found";
	best = found;
	for (const struct addrinfo *one = found; one; one = one->ai_next)
		if (rank(one) > rank(best))
			best = one;
	memset(addr, 0, sizeof(*addr));
	memcpy(addr, best->ai_addr, best->ai_addrlen);
	*len = best->ai_addrlen;
	freeaddrinfo(found);
	set_port(addr, number);
	return NULL;
}
