/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of this node's devices as JSON: an object with one member for each part. */
#ifndef VMM_STATE_JSON_H
#define VMM_STATE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes as a text of two hexadecimal digits for each. Return: whether @text has exactly
 * @size bytes.
 */
json_t *state_json_bytes(const void *bytes, size_t size);
bool state_json_read(const json_t *text, void *bytes, size_t size);

/* Save all parts. Takes the device lock. Return: an object, or NULL: no memory. */
json_t *state_json_save(void);

/*
 * Restore all parts from @states, whose members may be more than this node's parts. Ends
 * the process with a sentence on errors. Takes the device lock. While setting up.
 */
void state_json_restore(const json_t *states);

#endif /* VMM_STATE_JSON_H */
