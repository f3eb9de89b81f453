// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the tables of kmod/protocol/coherence.c and kmod/protocol/directory.c
 * in Promela, for coherence.pml: the model checks the tables that drive the
 * code, not a copy.
 *
 * DOC: Theory of operation
 *
 * The node's table is printed cell by cell. The home's is a function of owner
 * and copyset, too large to print for every number of nodes. Its result depends
 * only on the directory's state, on whether the requester is in the copyset,
 * whether it is the owner, and on the kind of the request. One line is printed
 * for each combination of these, and is compared with the function for every
 * owner, copyset and requester. If they differ, nothing is printed and the exit
 * code is 1.
 */
#include "protocol/coherence.h"
#include "protocol/wire.h"

#include <stdio.h>
#include <stdlib.h>

#define NODES	5	/* the home's function is tried with so many */
#define NODE(n)	(1u << (n))

static const char *const invs[] = {
	"NOBODY", "ALL_BUT_REQUESTER", "ALL_BUT_BOTH"
};

/* The set of nodes that get INV, in the model's words. */
enum inv { NOBODY, ALL_BUT_REQUESTER, ALL_BUT_BOTH };

#define KINDS	(SSI_DIR_UPGRADE + 1)

/* The home's plan for one combination. */
struct line {
	u32 state;
	bool seen;
	bool refused;
	struct ssi_dir_plan plan;
	enum inv inv;
};

static struct line lines[SSI_DIR_STATES][2][2][KINDS];

static void die(const char *what)
{
	fprintf(stderr, "tables: %s\n", what);
	exit(1);
}

/* ---- names ---- */

static void print_names(const char *prefix, const char *(*name_of)(u32),
			u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		printf("#define %s_%s\t%u\n", prefix, name_of(i), i);
	putchar('\n');
}

static void print_all_names(void)
{
	print_names("P", ssi_page_state_name, SSI_PAGE_STATES);
	print_names("EV", ssi_event_name, SSI_EVENTS);
	print_names("ACT", ssi_action_name, SSI_ACTIONS);
	print_names("DIR", ssi_dir_state_name, SSI_DIR_STATES);
	print_names("MSG", ssi_wire_type_name, SSI_WIRE_TYPES);
}

/* ---- the node's table ---- */

static void print_event(u32 event)
{
	u32 state;

	printf("\t:: event == EV_%s ->\n\t\tif\n", ssi_event_name(event));
	for (state = 0; state < SSI_PAGE_STATES; state++) {
		struct ssi_step step = ssi_coherence_step(state, event);

		if (step.action == SSI_ACT_ERROR)
			continue;
		printf("\t\t:: from == P_%s -> next = P_%s; act = ACT_%s\n",
		       ssi_page_state_name(state),
		       ssi_page_state_name(step.next),
		       ssi_action_name(step.action));
	}
	printf("\t\t:: else -> next = from; act = ACT_ERROR\n\t\tfi\n");
}

/* A set of states, as a condition on one. */
static void print_set(const char *name, bool (*has)(u32 state, u32 event),
		      u32 event)
{
	u32 state;

	printf("#define %s(from)\t(false", name);
	for (state = 0; state < SSI_PAGE_STATES; state++)
		if (has(state, event))
			printf(" || from == P_%s", ssi_page_state_name(state));
	printf(")\n");
}

static bool is_readable(u32 state, u32 event)
{
	(void)event;
	return ssi_page_readable(state);
}

static bool is_hit(u32 state, u32 event)
{
	return ssi_coherence_step(state, event).action == SSI_ACT_HIT;
}

static bool waits(u32 state, u32 event)
{
	return ssi_coherence_step(state, event).action == SSI_ACT_WAIT;
}

static bool is_answered(u32 state, u32 event)
{
	return ssi_coherence_step(state, event).action != SSI_ACT_ERROR;
}

static bool supplies(u32 state, u32 event)
{
	return ssi_coherence_step(state, event).action == SSI_ACT_SUPPLY;
}

static bool drops(u32 state, u32 event)
{
	return ssi_coherence_step(state, event).action == SSI_ACT_DROP;
}

static void print_sets(void)
{
	print_set("READABLE", is_readable, 0);
	print_set("LOAD_HITS", is_hit, SSI_EV_LOAD);
	print_set("LOAD_WAITS", waits, SSI_EV_LOAD);
	print_set("STORE_HITS", is_hit, SSI_EV_STORE);
	print_set("STORE_WAITS", waits, SSI_EV_STORE);
	print_set("LOAD_IS_ANSWERED", is_answered, SSI_EV_LOAD);
	print_set("STORE_IS_ANSWERED", is_answered, SSI_EV_STORE);
	print_set("SUPPLIES", supplies, SSI_EV_FWDS);
	print_set("DROPS", drops, SSI_EV_DROP);
	putchar('\n');
}

static void print_node_table(void)
{
	u32 event;

	print_sets();
	printf("/* ssi_coherence_step(): sets next and act */\n");
	printf("inline step(from, event)\n{\n\tif\n");
	for (event = 0; event < SSI_EVENTS; event++)
		print_event(event);
	printf("\tfi\n}\n\n");
}

/* ---- the home's ---- */

static enum inv inv_of(u32 mask, const struct ssi_dir *dir, u32 requester)
{
	if (!mask)
		return NOBODY;
	if (mask == (dir->copyset & ~NODE(requester)))
		return ALL_BUT_REQUESTER;
	if (mask == (dir->copyset & ~NODE(requester) & ~NODE(dir->owner)))
		return ALL_BUT_BOTH;
	die("the model has no word for a set of nodes to invalidate");
	return NOBODY;
}

static bool inv_fits(enum inv inv, u32 mask, const struct ssi_dir *dir,
		     u32 requester)
{
	u32 all = dir->copyset & ~NODE(requester);

	if (inv == ALL_BUT_BOTH)
		all &= ~NODE(dir->owner);
	return mask == (inv == NOBODY ? 0 : all);
}

static bool same_plan(const struct ssi_dir_plan *a, const struct ssi_dir_plan *b)
{
	return a->grant == b->grant && a->forward == b->forward &&
	       a->zero == b->zero && a->exclusive == b->exclusive;
}

/* Note the home's plan for one case; it must be the same as the line's. */
static void try_begin(const struct ssi_dir *dir, u32 requester,
		      enum ssi_dir_kind kind)
{
	bool sharer = dir->copyset & NODE(requester);
	bool owner = sharer && dir->owner == requester;
	struct line *line = &lines[dir->state][sharer][owner][kind];
	struct ssi_dir copy = *dir;
	struct ssi_dir_plan plan;
	bool refused = ssi_directory_begin(&copy, requester, kind, &plan);

	if (!refused && (!copy.busy || plan.acks != hweight32(plan.inv)))
		die("a plan whose acks are not its invalidations, or not busy");
	/* An empty set fits all words for sets; a later case may decide. */
	if (!line->seen || (line->inv == NOBODY && plan.inv && !refused)) {
		line->inv = refused ? NOBODY : inv_of(plan.inv, dir, requester);
		line->refused = refused;
		line->plan = plan;
	}
	line->seen = true;
	if (line->refused != refused)
		die("the home's answer depends on more than the model knows");
	if (!refused && (!same_plan(&line->plan, &plan) ||
			 !inv_fits(line->inv, plan.inv, dir, requester)))
		die("the home's plan depends on more than the model knows");
}

/* The model has two rules for the directory after UNBLOCK, in home_done(). */
static void try_end(const struct ssi_dir *dir, u32 requester,
		    enum ssi_dir_kind kind)
{
	bool alone = kind != SSI_DIR_GETS || dir->state == SSI_DIR_UNTOUCHED;
	struct ssi_dir copy = *dir;

	copy.busy = true;
	if (ssi_directory_end(&copy, requester, kind) || copy.busy)
		die("the home does not end what it began");
	if (copy.state != (alone ? SSI_DIR_EXCLUSIVE : SSI_DIR_SHARED) ||
	    copy.owner != (alone ? requester : dir->owner) ||
	    copy.copyset != (NODE(requester) | (alone ? 0 : dir->copyset)))
		die("the entry after UNBLOCK differs from the model's");
}

/* Whether an entry is possible: the owner is always in the copyset. */
static bool is_entry(const struct ssi_dir *dir)
{
	if (dir->state == SSI_DIR_UNTOUCHED)
		return !dir->copyset && !dir->owner;
	if (dir->state == SSI_DIR_EXCLUSIVE)
		return dir->copyset == NODE(dir->owner);
	return dir->copyset & NODE(dir->owner);
}

static void try_all(struct ssi_dir *dir)
{
	u32 requester, kind;

	if (!is_entry(dir))
		return;
	for (requester = 0; requester < NODES; requester++) {
		for (kind = 0; kind < KINDS; kind++) {
			try_begin(dir, requester, kind);
			try_end(dir, requester, kind);
		}
	}
}

static void try_every_case(void)
{
	struct ssi_dir dir = { };
	u32 state, owner, copyset;

	for (state = 0; state < SSI_DIR_STATES; state++)
		for (owner = 0; owner < NODES; owner++)
			for (copyset = 0; copyset < NODE(NODES); copyset++) {
				dir.state = state;
				dir.owner = owner;
				dir.copyset = copyset;
				try_all(&dir);
			}
}

static void print_line(const struct line *line, u32 i)
{
	static const char *const kinds[KINDS] = { "GETS", "GETX", "UPGRADE" };
	u32 state = i / KINDS / 4;

	if (!line->seen)
		return;
	printf("\t:: home == DIR_%s && %ssharer && %sowns && what == MSG_%s ->\n\t\t",
	       ssi_dir_state_name(state), i / KINDS & 2 ? "" : "!",
	       i / KINDS & 1 ? "" : "!", kinds[i % KINDS]);
	if (line->refused)
		printf("refused = true\n");
	else
		printf("grant = %d; forward = %d; zero = %d; inv = %s\n",
		       line->plan.grant, line->plan.forward, line->plan.zero,
		       invs[line->inv]);
}

static void print_home_table(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(invs); i++)
		printf("#define %s\t%u\n", invs[i], i);
	printf("\n/* ssi_directory_begin(): sets refused, or grant, forward, zero, inv */\n");
	printf("inline plan(home, sharer, owns, what)\n{\n\tif\n");
	for (i = 0; i < sizeof(lines) / sizeof(struct line); i++)
		print_line(&lines[0][0][0][0] + i, i);
	printf("\tfi\n}\n");
}

int main(void)
{
	try_every_case();
	/* Once more, to compare the final lines with all cases. */
	try_every_case();
	printf("/* Made by selftests/model/tables.c from kmod/; do not edit. */\n\n");
	print_all_names();
	print_node_table();
	print_home_table();
	return 0;
}
