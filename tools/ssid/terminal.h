/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's console: what it has printed, and what is typed.
 *
 * Bytes are numbered from the start of ssi-vmm, so that a reader that was interrupted
 * continues where it was. Many may read; one may type, by a word that it has chosen,
 * as long as it asks now and then.
 */
#ifndef SSID_TERMINAL_H
#define SSID_TERMINAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "rest.h"

#define TERMINAL_WAIT_MAX_MS	2000
#define TERMINAL_INPUT_MAX	2048	/* bytes typed in one request */

/**
 * struct terminal_ask - a request
 * @from: number of the first byte that is wanted; UINT64_MAX: all that is kept
 * @wait_ms: wait so long for a byte
 * @writer: word of a program that types, or NULL
 * @leaves: it types no more
 */
struct terminal_ask {
	uint64_t from;
	unsigned int wait_ms;
	const char *writer;
	bool leaves;
};

/*
 * What a node of this host has printed. Return: { from, next, data, ended }, data is
 * base64, or NULL.
 */
json_t *terminal_read(unsigned int id, const struct terminal_ask *ask,
		      struct failure *failure);

/*
 * Type @text, which is base64 and may be empty, for the writer of @ask. Return: 0 or -1,
 * which is "console_taken" if another one types.
 */
int terminal_type(unsigned int id, const struct terminal_ask *ask,
		  const char *text, struct failure *failure);

#endif /* SSID_TERMINAL_H */
