// SPDX-License-Identifier: GPL-2.0-or-later
/* The state of this node's devices as JSON. */
#include "state_json.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/member.h"
#include "bus.h"
#include "log.h"
#include "state.h"

/* ---- bytes ---- */

json_t *state_json_bytes(const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = bytes;
	char *text = malloc(2 * size);
	json_t *json;

	if (!text)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[from[i] >> 4];
		text[2 * i + 1] = digits[from[i] & 15];
	}
	json = json_stringn(text, 2 * size);
	free(text);
	return json;
}

/* Return: its value, or -1. */
static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool state_json_read(const json_t *text, void *bytes, size_t size)
{
	const char *from = json_string_value(text);
	unsigned char *to = bytes;

	if (!from || json_string_length(text) != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = digit_of(from[2 * i]), low = digit_of(from[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		to[i] = high << 4 | low;
	}
	return true;
}

/* ---- saving ---- */

static json_t *save_part(const struct state_part *part)
{
	json_t *state = json_pack("{s:i}", "version", part->version);

	if (part->save)
		part->save(part->of);
	for (size_t i = 0; state && i < part->num_fields; i++) {
		const struct state_field *field = &part->fields[i];

		if (!json_object_set_new(state, field->name,
					 state_json_bytes(field->at, field->size)))
			continue;
		json_decref(state);
		state = NULL;
	}
	return state;
}

json_t *state_json_save(void)
{
	json_t *states = json_object();

	bus_lock();
	for (struct state_part *part = state_parts(); states && part;
	     part = part->next) {
		if (!json_object_set_new(states, part->name, save_part(part)))
			continue;
		json_decref(states);
		states = NULL;
	}
	bus_unlock();
	return states;
}

/* ---- restoring ---- */

static bool is_possible(const struct state_field *field)
{
	const unsigned char *bytes = field->at;

	for (size_t i = 0; field->is_bool && i < field->size; i++)
		if (bytes[i] > 1)
			return false;
	return true;
}

static void restore_part(const struct state_part *part, const json_t *state)
{
	if (!state)
		die(EXIT_USAGE, "The checkpoint has no state of %s; a guest is restored with the devices that it had.",
		    part->name);
	if (member_number(state, "version") != part->version)
		die(EXIT_USAGE, "The checkpoint has the state of %s in version %lld, but this ssi-vmm needs version %u; restore it with the ssi-vmm that has made it.",
		    part->name, (long long)member_number(state, "version"),
		    part->version);
	for (size_t i = 0; i < part->num_fields; i++) {
		const struct state_field *field = &part->fields[i];

		if (!state_json_read(json_object_get(state, field->name),
				     field->at, field->size) ||
		    !is_possible(field))
			die(EXIT_USAGE, "The checkpoint is damaged: \"%s\" of %s is missing or not possible.",
			    field->name, part->name);
	}
	if (part->restored && !part->restored(part->of))
		die(EXIT_USAGE, "The checkpoint is damaged, or of another guest: the state of %s is not possible.",
		    part->name);
}

void state_json_restore(const json_t *states)
{
	bus_lock();
	for (struct state_part *part = state_parts(); part; part = part->next)
		restore_part(part, json_object_get(states, part->name));
	bus_unlock();
}
