/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of nodes as users write them.
 */
#ifndef LIB_ADDRESS_H
#define LIB_ADDRESS_H

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

#endif /* LIB_ADDRESS_H */
