/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of ssictl to ssid of this host.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <jansson.h>

/**
 * daemon_call() - one request
 * @method: for example "GET"
 * @path: with the query
 * @body: or NULL
 *
 * The path of the socket is in the environment variable SSID_SOCKET, if it is not
 * the usual one.
 *
 * Return: the answer, which the caller releases, or NULL after error().
 */
json_t *daemon_call(const char *method, const char *path, const char *body);

/**
 * daemon_try() - the same without error()
 * @method: for example "GET"
 * @path: with the query
 * @body: or NULL
 * @status: out: of HTTP, or 0 if ssid did not answer
 *
 * Return: the answer, which is { error } for a status of 300 and above, or NULL.
 */
json_t *daemon_try(const char *method, const char *path, const char *body,
		   unsigned int *status);

/* The same for an answer that is a text; the caller frees it. */
char *daemon_text(const char *method, const char *path);

/* Read a whole file. Return: to be freed, or NULL after error(). */
char *daemon_read_file(const char *path);

#endif /* DAEMON_H */
