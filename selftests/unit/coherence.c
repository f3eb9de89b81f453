// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The node side table: rules that hold for every state and every event.
 *
 * protocol.c compares the table with the printed one, selftests/model checks
 * that it keeps memory coherent.
 */
#include "protocol/coherence.h"
#include "tap.h"

#include <limits.h>

typedef bool (*rule_fn)(u32 state, u32 event, struct ssi_step step);

static bool is_local(u32 event)
{
	return event == SSI_EV_LOAD || event == SSI_EV_STORE;
}

static bool is_stable(u32 state)
{
	return state == SSI_PAGE_I || state == SSI_PAGE_S ||
	       state == SSI_PAGE_O || state == SSI_PAGE_E;
}

static bool is_request(u32 action)
{
	return action == SSI_ACT_GETS || action == SSI_ACT_GETX ||
	       action == SSI_ACT_UPGRADE;
}

static bool is_leaving(u32 state)
{
	return state == SSI_PAGE_ED || state == SSI_PAGE_LI ||
	       state == SSI_PAGE_SXI;
}

static bool is_closed(u32 state, u32 event, struct ssi_step step)
{
	(void)state;
	(void)event;
	return step.next < SSI_PAGE_STATES && step.action < SSI_ACTIONS;
}

static bool error_changes_nothing(u32 state, u32 event, struct ssi_step step)
{
	(void)state;
	(void)event;
	return step.action != SSI_ACT_ERROR || step.next == 0;
}

static bool faults_are_answered(u32 state, u32 event, struct ssi_step step)
{
	(void)state;
	return !is_local(event) || step.action == SSI_ACT_HIT ||
	       step.action == SSI_ACT_WAIT || is_request(step.action);
}

static bool messages_map_nothing(u32 state, u32 event, struct ssi_step step)
{
	(void)state;
	return is_local(event) ||
	       (step.action != SSI_ACT_HIT && step.action != SSI_ACT_WAIT &&
		!is_request(step.action));
}

static bool hits_are_allowed(u32 state, u32 event, struct ssi_step step)
{
	bool hit = step.action == SSI_ACT_HIT && step.next == state;

	if (event == SSI_EV_LOAD)
		return hit == ssi_page_readable(state);
	return event != SSI_EV_STORE || hit == ssi_page_writable(state);
}

static bool only_e_is_writable(u32 state, u32 event, struct ssi_step step)
{
	(void)event;
	(void)step;
	return ssi_page_writable(state) == (state == SSI_PAGE_E);
}

static bool waiting_stays(u32 state, u32 event, struct ssi_step step)
{
	(void)event;
	return (step.action != SSI_ACT_WAIT &&
		step.action != SSI_ACT_COUNT &&
		step.action != SSI_ACT_SUPPLY &&
		step.action != SSI_ACT_ACK) || step.next == state;
}

/* A store in a state that is not stable waits for the request under way. */
static bool transients_wait(u32 state, u32 event, struct ssi_step step)
{
	return is_stable(state) || event != SSI_EV_STORE ||
	       step.action == SSI_ACT_WAIT;
}

static bool requests_open_once(u32 state, u32 event, struct ssi_step step)
{
	if (step.action == SSI_ACT_GETS)
		return state == SSI_PAGE_I && event == SSI_EV_LOAD;
	if (step.action == SSI_ACT_GETX)
		return state == SSI_PAGE_I && event == SSI_EV_STORE;
	if (step.action == SSI_ACT_UPGRADE)
		return is_stable(state) && ssi_page_readable(state) &&
		       event == SSI_EV_STORE;
	return true;
}

static bool work_is_followed(u32 state, u32 event, struct ssi_step step)
{
	struct ssi_step left;

	(void)state;
	(void)event;
	if (step.action != SSI_ACT_WORK)
		return true;
	left = ssi_coherence_step(step.next, SSI_EV_LEFT);
	return is_leaving(step.next) && left.action == SSI_ACT_ANSWER;
}

static bool left_is_of_leaving(u32 state, u32 event, struct ssi_step step)
{
	if (event != SSI_EV_LEFT)
		return step.action != SSI_ACT_ANSWER;
	return (step.action == SSI_ACT_ANSWER) == is_leaving(state);
}

/* While page work runs, the home begins no other transaction of the page. */
static bool leaving_is_alone(u32 state, u32 event, struct ssi_step step)
{
	return !is_leaving(state) || is_local(event) ||
	       event == SSI_EV_LEFT || step.action == SSI_ACT_ERROR;
}

static bool nothing_leaves_unmapped(u32 state, u32 event, struct ssi_step step)
{
	bool loses = (ssi_page_readable(state) &&
		      !ssi_page_readable(step.next)) ||
		     (ssi_page_writable(state) && !ssi_page_writable(step.next));

	return step.action == SSI_ACT_ERROR || !loses ||
	       step.action == SSI_ACT_WORK || event == SSI_EV_DROP;
}

/* An owner's page must not be dropped: its data would be lost. */
static bool only_copies_are_dropped(u32 state, u32 event, struct ssi_step step)
{
	if (event != SSI_EV_DROP)
		return step.action != SSI_ACT_DROP;
	return step.action == (state == SSI_PAGE_S ? SSI_ACT_DROP :
						     SSI_ACT_ERROR);
}

static bool nothing_is_supplied_by_others(u32 state, u32 event,
					  struct ssi_step step)
{
	if (event != SSI_EV_FWDS && event != SSI_EV_FWDX)
		return true;
	return step.action == SSI_ACT_ERROR || state == SSI_PAGE_O ||
	       state == SSI_PAGE_E || state == SSI_PAGE_SX;
}

static bool writable_by_finish(u32 state, u32 event, struct ssi_step step)
{
	(void)event;
	return ssi_page_writable(state) || !ssi_page_writable(step.next) ||
	       step.action == SSI_ACT_FINISH;
}

static bool finish_is_stable(u32 state, u32 event, struct ssi_step step)
{
	(void)state;
	(void)event;
	return step.action != SSI_ACT_FINISH || step.next == SSI_PAGE_S ||
	       step.next == SSI_PAGE_E;
}

static const struct {
	const char *text;
	rule_fn holds;
} rules[] = {
	{ "every next state and action exists", is_closed },
	{ "an entry that is not listed is state 0", error_changes_nothing },
	{ "loads and stores are answered in every state", faults_are_answered },
	{ "messages never map a page", messages_map_nothing },
	{ "loads hit if readable, stores if writable", hits_are_allowed },
	{ "E is writable and nothing else is", only_e_is_writable },
	{ "waiting, counting, supplying, acking keep the state", waiting_stays },
	{ "a store waits in every transient state", transients_wait },
	{ "requests are opened from stable states", requests_open_once },
	{ "page work leads to a state that LEFT ends", work_is_followed },
	{ "LEFT is for states with page work", left_is_of_leaving },
	{ "no message of another transaction fits while page work runs", leaving_is_alone },
	{ "a page loses permission through page work or DROP only",
	  nothing_leaves_unmapped },
	{ "S can be dropped, and no other state", only_copies_are_dropped },
	{ "only owners supply pages", nothing_is_supplied_by_others },
	{ "E is entered by FINISH", writable_by_finish },
	{ "FINISH ends in S or E", finish_is_stable },
};

static bool holds_everywhere(rule_fn holds)
{
	bool all = true;
	u32 state, event;

	for (state = 0; state < SSI_PAGE_STATES; state++) {
		for (event = 0; event < SSI_EVENTS; event++) {
			struct ssi_step step = ssi_coherence_step(state, event);

			if (holds(state, event, step))
				continue;
			tap_diag("%s x %s gives %s, %s",
				 ssi_page_state_name(state),
				 ssi_event_name(event),
				 ssi_page_state_name(step.next),
				 ssi_action_name(step.action));
			all = false;
		}
	}
	return all;
}

static bool out_of_range_is_error(void)
{
	static const u32 values[] = { SSI_PAGE_STATES, SSI_EVENTS, 15, 16, 255,
				      256, INT_MAX, 1u << 31, UINT_MAX };
	bool all = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		struct ssi_step a = ssi_coherence_step(values[i], 0);
		struct ssi_step b = ssi_coherence_step(0, values[i]);

		if (values[i] >= SSI_PAGE_STATES)
			all &= a.action == SSI_ACT_ERROR;
		if (values[i] >= SSI_EVENTS)
			all &= b.action == SSI_ACT_ERROR;
	}
	return all;
}

static bool names_differ(const char *(*name)(u32), u32 count)
{
	u32 i, j;

	for (i = 0; i < count; i++) {
		if (!name(i) || !strcmp(name(i), "?"))
			return false;
		for (j = 0; j < i; j++)
			if (!strcmp(name(i), name(j)))
				return false;
	}
	return !strcmp(name(count), "?") && !strcmp(name(UINT_MAX), "?");
}

/* The state must fit into the four bits that struct ssi_page has for it. */
static bool states_fit(void)
{
	struct ssi_page page = { .state = SSI_PAGE_STATES - 1 };

	return page.state == SSI_PAGE_STATES - 1 && sizeof(page) == 8;
}

static bool ages_wrap(void)
{
	u64 now = 0xfffffull << SSI_PAGE_TICK_SHIFT;
	struct ssi_page page = { .granted_at = ssi_page_tick(now) };
	u64 later = now + (5ull << SSI_PAGE_TICK_SHIFT);

	return ssi_page_age_ns(&page, now) == 0 &&
	       ssi_page_age_ns(&page, later) == 5ull << SSI_PAGE_TICK_SHIFT;
}

int main(void)
{
	size_t i;

	tap_plan(ARRAY_SIZE(rules) + 6);
	for (i = 0; i < ARRAY_SIZE(rules); i++)
		tap_ok(holds_everywhere(rules[i].holds), "%s", rules[i].text);
	tap_ok(out_of_range_is_error(), "a state or event out of range is an error");
	tap_ok(names_differ(ssi_page_state_name, SSI_PAGE_STATES),
	       "every state has a name of its own");
	tap_ok(names_differ(ssi_event_name, SSI_EVENTS),
	       "every event has a name of its own");
	tap_ok(names_differ(ssi_action_name, SSI_ACTIONS),
	       "every action has a name of its own");
	tap_ok(states_fit(), "a page's entry is eight bytes and holds any state");
	tap_ok(ages_wrap(), "a page's age survives the clock's wrap");
	return tap_exit();
}
