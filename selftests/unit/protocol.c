// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compares Documentation/protocol.rst with the code: states, tables, types.
 *
 *	protocol [FILE]
 */
#include "protocol/coherence.h"
#include "tap.h"
#include "protocol/wire.h"

#define COLUMNS	16

/* One line of a table, cut into words. */
struct row {
	char line[256];
	char *words[COLUMNS];
	int count;
};

static FILE *file;

static bool read_row(struct row *row)
{
	char *word;

	if (!fgets(row->line, sizeof(row->line), file))
		return false;
	row->count = 0;
	for (word = strtok(row->line, " \t\n"); word && row->count < COLUMNS;
	     word = strtok(NULL, " \t\n"))
		row->words[row->count++] = word;
	return true;
}

static bool is_rule(const struct row *row)
{
	return row->count && !strncmp(row->words[0], "===", 3);
}

/* Go to the line after the head of the next table that begins like this. */
static bool find_table(const char *first, const char *second, struct row *head)
{
	struct row rule;

	while (read_row(head))
		if (head->count > 1 && !strcmp(head->words[0], first) &&
		    !strcmp(head->words[1], second))
			return read_row(&rule) && is_rule(&rule);
	return false;
}

/* The number that @name has, or @count. */
static u32 number_of(const char *(*name_of)(u32), u32 count, const char *name)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (!strcmp(name_of(i), name))
			break;
	return i;
}

static bool same_cell(u32 state, const char *event_name, const char *cell)
{
	u32 event = number_of(ssi_event_name, SSI_EVENTS, event_name);
	struct ssi_step step = ssi_coherence_step(state, event);
	char want[32] = ".";

	if (step.action != SSI_ACT_ERROR)
		snprintf(want, sizeof(want), "%s/%s",
			 ssi_page_state_name(step.next),
			 ssi_action_name(step.action));
	if (event < SSI_EVENTS && !strcmp(cell, want))
		return true;
	tap_diag("%s, %s: protocol.rst has %s, the code does %s",
		 ssi_page_state_name(state), event_name, cell, want);
	return false;
}

/* A table of transitions; returns the bit mask of its events. */
static u32 check_table(const char *first_event, bool *same)
{
	struct row head, row;
	u32 state = 0, events = 0;
	int i;

	if (!find_table("state", first_event, &head)) {
		*same = false;
		return 0;
	}
	for (i = 1; i < head.count; i++)
		events |= BIT(number_of(ssi_event_name, SSI_EVENTS,
					head.words[i]));
	while (read_row(&row) && !is_rule(&row)) {
		*same &= row.count == head.count &&
			 !strcmp(row.words[0], ssi_page_state_name(state));
		for (i = 1; i < row.count && i < head.count; i++)
			*same &= same_cell(state, head.words[i], row.words[i]);
		state++;
	}
	*same &= state == SSI_PAGE_STATES;
	return events;
}

/* The table of states: name, meaning, load, store. */
static bool states_are_same(void)
{
	struct row head, row;
	u32 state = 0;
	bool same = find_table("state", "the", &head);

	while (same && read_row(&row) && !is_rule(&row)) {
		const char *load = row.words[row.count - 2];
		const char *store = row.words[row.count - 1];

		same &= row.count > 3 &&
			!strcmp(row.words[0], ssi_page_state_name(state)) &&
			!strcmp(load, "yes") == ssi_page_readable(state) &&
			!strcmp(store, "yes") == ssi_page_writable(state);
		state++;
	}
	return same && state == SSI_PAGE_STATES;
}

static bool types_are_same(void)
{
	struct row head, row;
	u32 type = 0;
	bool same = find_table("number", "type", &head);

	while (same && read_row(&row) && !is_rule(&row)) {
		same &= row.count > 1 && (u32)atoi(row.words[0]) == type &&
			!strcmp(row.words[1], ssi_wire_type_name(type));
		type++;
	}
	return same && type == SSI_WIRE_TYPES;
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "Documentation/protocol.rst";
	bool same = true;
	u32 events;

	file = fopen(path, "r");
	if (!file)
		tap_skip_all("%s cannot be opened: run it in the top folder",
			     path);
	tap_plan(4);
	tap_ok(states_are_same(), "the states in protocol.rst are those of the code");
	events = check_table("LOAD", &same);
	events |= check_table("FILLS", &same);
	tap_ok(same, "the transitions in protocol.rst are those of the code");
	tap_ok(events == BIT(SSI_EVENTS) - 1, "protocol.rst has every event");
	tap_ok(types_are_same(), "the message types in protocol.rst are those of the code");
	fclose(file);
	return tap_exit();
}
