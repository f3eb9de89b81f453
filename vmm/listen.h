/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unix sockets that other programs connect to. */
#ifndef VMM_LISTEN_H
#define VMM_LISTEN_H

/**
 * listen_at() - make a unix socket, for its user only, and listen
 * @what: what it is, for sentences: "control socket"
 * @path: where; a socket that nothing listens at any more is replaced
 * @flags: of socket(), beside SOCK_CLOEXEC
 * @backlog: of listen()
 *
 * Ends the process with a message on errors. Return: the descriptor.
 */
int listen_at(const char *what, const char *path, int flags, int backlog);

#endif /* VMM_LISTEN_H */
