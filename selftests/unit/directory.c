// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The home side: all states, copysets, owners and requests of four nodes.
 */
#include "protocol/directory.h"
#include "tap.h"

#define NODES	4
#define NODE(n)	(1u << (n))
#define KINDS	(SSI_DIR_UPGRADE + 1)

/* One request, with the entry before and after it. */
struct trial {
	struct ssi_dir before;
	struct ssi_dir after;
	u32 requester;
	enum ssi_dir_kind kind;
	int ret;
	struct ssi_dir_plan plan;
};

typedef bool (*rule_fn)(const struct trial *t);

static bool is_unchanged(const struct trial *t)
{
	return !memcmp(&t->before, &t->after, sizeof(t->before));
}

static bool is_exclusive(const struct trial *t)
{
	return t->kind != SSI_DIR_GETS;
}

/* Others may have dropped their copy; the owner never drops its page. */
static bool has_it(const struct trial *t)
{
	switch (t->before.state) {
	case SSI_DIR_UNTOUCHED:
		return t->kind == SSI_DIR_UPGRADE;
	case SSI_DIR_SHARED:
		return t->before.owner == t->requester &&
		       t->kind != SSI_DIR_UPGRADE;
	default:
		return t->before.owner == t->requester;
	}
}

static bool busy_is_queued(const struct trial *t)
{
	return !t->before.busy || (t->ret == -EBUSY && is_unchanged(t));
}

static bool having_is_refused(const struct trial *t)
{
	bool refused = t->ret == -EPROTO && is_unchanged(t);

	return t->before.busy || refused == has_it(t);
}

static bool success_is_busy(const struct trial *t)
{
	struct trial idle = *t;

	idle.after.busy = false;
	return t->ret || (t->after.busy && is_unchanged(&idle));
}

static bool grants_or_forwards(const struct trial *t)
{
	return t->ret || t->plan.grant != t->plan.forward;
}

static bool only_untouched_is_zero(const struct trial *t)
{
	bool untouched = t->before.state == SSI_DIR_UNTOUCHED;

	return t->ret || (t->plan.zero == untouched &&
			  (!untouched || (t->plan.grant && !t->plan.inv)));
}

static bool grant_is_upgrade(const struct trial *t)
{
	bool upgrade = t->kind == SSI_DIR_UPGRADE &&
		       t->before.state == SSI_DIR_SHARED &&
		       (t->before.copyset & NODE(t->requester));

	return t->ret || (t->plan.grant && !t->plan.zero) == upgrade;
}

static bool acks_count_invalidations(const struct trial *t)
{
	return t->ret ||
	       t->plan.acks == (u32)__builtin_popcount(t->plan.inv);
}

static bool copies_invalidate_nobody(const struct trial *t)
{
	return t->ret || is_exclusive(t) || (!t->plan.inv && !t->plan.acks);
}

/*
 * Each node of the copyset hands the page over, is invalidated, or is the
 * requester.
 */
static bool nobody_keeps_it(const struct trial *t)
{
	u32 gone = t->plan.inv;

	if (t->ret || !is_exclusive(t) || t->before.state == SSI_DIR_UNTOUCHED)
		return true;
	if (t->plan.forward)
		gone |= NODE(t->before.owner);
	if (t->plan.inv & NODE(t->requester))
		return false;
	if (t->plan.forward && (t->plan.inv & NODE(t->before.owner)))
		return false;
	return (gone | NODE(t->requester)) ==
	       (t->before.copyset | NODE(t->requester));
}

static bool plan_says_what_was_asked(const struct trial *t)
{
	return t->ret || t->plan.exclusive == is_exclusive(t);
}

static const struct {
	const char *text;
	rule_fn holds;
} rules[] = {
	{ "a request for a busy page is queued and changes nothing", busy_is_queued },
	{ "a request for a page that the node has is refused, no other is", having_is_refused },
	{ "the begin of a transaction changes nothing but busy", success_is_busy },
	{ "the plan grants or forwards, never both", grants_or_forwards },
	{ "an untouched page, and no other, is granted as zero", only_untouched_is_zero },
	{ "of a shared page, a sharer's UPGRADE is granted, nothing else", grant_is_upgrade },
	{ "the plan has as many acks as invalidations", acks_count_invalidations },
	{ "a request for a copy invalidates no copies", copies_invalidate_nobody },
	{ "no other node keeps a page that becomes exclusive", nobody_keeps_it },
	{ "the plan is exclusive unless a copy is requested", plan_says_what_was_asked },
};

/* Whether a home can have this copyset and owner in this state. */
static bool is_possible(const struct ssi_dir *dir)
{
	switch (dir->state) {
	case SSI_DIR_UNTOUCHED:
		return !dir->copyset && !dir->owner;
	case SSI_DIR_SHARED:
		return dir->copyset & NODE(dir->owner);
	default:
		return dir->copyset == NODE(dir->owner);
	}
}

static bool holds_for(rule_fn holds, const struct ssi_dir *dir, u32 request)
{
	struct trial t = {
		.before = *dir,
		.after = *dir,
		.requester = request / KINDS,
		.kind = request % KINDS,
	};

	t.ret = ssi_directory_begin(&t.after, t.requester, t.kind, &t.plan);
	if (holds(&t))
		return true;
	tap_diag("%s%s, owner %u, copyset %x; node %u asks with kind %d: %d",
		 ssi_dir_state_name(dir->state), dir->busy ? " (busy)" : "",
		 dir->owner, dir->copyset, t.requester, t.kind, t.ret);
	return false;
}

/* Calls @fn for every possible entry; returns how many there are. */
/* Whether another home gets the entry as it was. */
static bool travels(const struct ssi_dir *dir, u32 members)
{
	struct ssi_dir_wire wire;
	struct ssi_dir end;

	ssi_directory_pack(dir, &wire);
	return !ssi_directory_unpack(&wire, members, &end) &&
	       !memcmp(&end, dir, sizeof(end));
}

static bool moves_well(rule_fn unused, const struct ssi_dir *dir)
{
	(void)unused;
	return travels(dir, NODE(NODES) - 1) &&
	       travels(dir, 1) == !(dir->copyset & ~1u);
}

static u32 for_each_dir(bool (*fn)(rule_fn, const struct ssi_dir *),
			rule_fn holds, bool *all)
{
	struct ssi_dir dir = { };
	u32 i, count = 0;

	for (i = 0; i < SSI_DIR_STATES * NODES * NODE(NODES) * 2; i++) {
		dir.busy = i % 2;
		dir.copyset = i / 2 % NODE(NODES);
		dir.owner = i / 2 / NODE(NODES) % NODES;
		dir.state = i / 2 / NODE(NODES) / NODES;
		if (!is_possible(&dir)) {
			*all &= !travels(&dir, NODE(NODES) - 1);
			continue;
		}
		*all &= fn(holds, &dir);
		count++;
	}
	return count;
}

static bool begins_well(rule_fn holds, const struct ssi_dir *dir)
{
	bool all = true;
	u32 request;

	for (request = 0; request < KINDS * NODES; request++)
		all &= holds_for(holds, dir, request);
	return all;
}

/* The entry that there must be after UNBLOCK. */
static struct ssi_dir expected_end(const struct ssi_dir *dir, u32 requester,
				   enum ssi_dir_kind kind)
{
	struct ssi_dir end = { .state = SSI_DIR_SHARED, .owner = dir->owner };

	if (kind != SSI_DIR_GETS || dir->state == SSI_DIR_UNTOUCHED) {
		end.state = SSI_DIR_EXCLUSIVE;
		end.owner = requester;
	}
	end.copyset = NODE(requester);
	if (end.state == SSI_DIR_SHARED)
		end.copyset |= dir->copyset;
	return end;
}

static bool ends_well(rule_fn unused, const struct ssi_dir *dir)
{
	bool all = true;
	u32 request;

	(void)unused;
	for (request = 0; request < KINDS * NODES; request++) {
		u32 node = request / KINDS;
		enum ssi_dir_kind kind = request % KINDS;
		struct ssi_dir want = expected_end(dir, node, kind);
		struct ssi_dir end = *dir;
		struct ssi_dir_plan plan;

		if (ssi_directory_begin(&end, node, kind, &plan))
			continue;
		all &= !ssi_directory_end(&end, node, kind);
		all &= !memcmp(&end, &want, sizeof(end)) && is_possible(&end);
	}
	return all;
}

static bool idle_end_is_refused(rule_fn unused, const struct ssi_dir *dir)
{
	struct ssi_dir end = *dir;

	(void)unused;
	return dir->busy || (ssi_directory_end(&end, 0, SSI_DIR_GETX) == -EPROTO &&
			     !memcmp(&end, dir, sizeof(end)));
}

int main(void)
{
	bool all = true;
	u32 entries;
	size_t i;

	tap_plan(ARRAY_SIZE(rules) + 4);
	entries = for_each_dir(idle_end_is_refused, NULL, &all);
	tap_diag("%u entries times %u requests", entries, 2 * NODES);
	tap_ok(all, "UNBLOCK without a transaction is refused");
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		all = true;
		for_each_dir(begins_well, rules[i].holds, &all);
		tap_ok(all, "%s", rules[i].text);
	}
	all = true;
	for_each_dir(ends_well, NULL, &all);
	tap_ok(all, "after UNBLOCK the entry has the right owner and copyset");
	all = true;
	for_each_dir(moves_well, NULL, &all);
	tap_ok(all, "an entry travels to another home as it is, unless no home can have it");
	tap_ok(sizeof(struct ssi_dir) == 8, "an entry is eight bytes");
	return tap_exit();
}
