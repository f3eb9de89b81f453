/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of devices, for checkpoints.
 *
 * DOC: Theory of operation
 *
 * A device lists the variables that make up its state, once. The same list is for
 * saving and for restoring (state_json.c). A variable is stored as the bytes that it has,
 * so its name and its size must stay the same as long as the version does.
 *
 * A checkpoint is input of an attacker: a device has to look whether the values are
 * possible, as soon as they are restored.
 */
#ifndef VMM_STATE_H
#define VMM_STATE_H

#include <stdbool.h>
#include <stddef.h>

#define STATE_NAME_MAX	32

/**
 * struct state_field - a variable
 * @name: of it
 * @at: where it is
 * @size: bytes
 * @is_bool: it is a bool, or an array of bools
 */
struct state_field {
	const char *name;
	void *at;
	size_t size;
	bool is_bool;
};

#define STATE_FIELD(of, member) {					\
	.name = #member, .at = &(of).member, .size = sizeof((of).member), \
	.is_bool = _Generic((of).member, bool : true, bool * : true, default : false), \
}

#define STATE_FIELDS(array)	\
	.fields = (array), .num_fields = sizeof(array) / sizeof((array)[0])

/**
 * struct state_part - the state of one device
 * @name: no other part of the cluster has it
 * @version: of the list; changes with it
 * @fields: the variables
 * @num_fields: how many
 * @save: called before they are saved; may be missing
 * @restored: called after they were restored; false: they are not possible. May be
 *	missing
 * @of: for both
 * @next: state.c's
 *
 * Both are called with the device lock held.
 */
struct state_part {
	const char *name;
	unsigned int version;
	const struct state_field *fields;
	size_t num_fields;
	void (*save)(void *of);
	bool (*restored)(void *of);
	void *of;
	struct state_part *next;
};

/* Add a part, which must stay. While setting up. */
void state_add(struct state_part *part);

/* The first part; its @next is the second one. */
struct state_part *state_parts(void);

#endif /* VMM_STATE_H */
