/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of nodes as users write them.
 */
#ifndef LIB_ADDRESS_H
#define LIB_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/**
 * address_parse() - read ADDRESS, ADDRESS:PORT, [ADDRESS] or [ADDRESS]:PORT
 * @text: the text; address and port are numbers, names are not looked up
 * @addr: out: the address; its port is SSI_DSM_PORT unless given
 * @len: out: how much of @addr is used
 *
 * An IPv6 address with a port needs brackets, since the port could not be told
 * from its last part.
 *
 * Return: NULL, or the error as the end of a sentence.
 */
const char *address_parse(const char *text, struct sockaddr_storage *addr,
			  socklen_t *len);

/* Is it NAME or NAME:PORT, with the name of a host and no address in numbers? */
bool address_is_name(const char *text);

/**
 * address_look_up() - find the address of a host by its name
 * @text: NAME or NAME:PORT
 * @addr: out: an IPv4 address if the host has one, else one of IPv6; a loopback
 *	address only if there is no other one
 * @len: out: how much of @addr is used
 *
 * May wait for name servers.
 *
 * Return: NULL, or the error as the middle of a sentence.
 */
const char *address_look_up(const char *text, struct sockaddr_storage *addr,
			    socklen_t *len);

bool address_is_loopback(const struct sockaddr_storage *addr);

void address_copy_port(struct sockaddr_storage *to,
		       const struct sockaddr_storage *from);

#endif /* LIB_ADDRESS_H */
