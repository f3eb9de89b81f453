// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holder: pages that this node hands over or shares. The theory of operation of
 * the roles is in message.c.
 *
 * DOC: Theory of operation
 *
 * Page work makes a page safe to send: it unmaps or write-protects the page and
 * needs all references to it to be put (pte.c). It may also need memory, to
 * split a 2 MiB folio. Both may take for ever, and a work that waits keeps one
 * of the workqueue's workers, or the service thread (service.c). So page work
 * does not wait: if it cannot go on,
 * its message goes to @later, and @again queues it anew a moment later. When
 * the region is lost, the message is dropped, and the page stays where it is
 * until the region is freed.
 *
 * Two nodes can wait for each other. A caller of .fault may hold references to
 * other pages: get_user_pages() of several pages keeps the references that it
 * has already, while it faults for the next page. Example: on node 0 a task
 * holds a reference to page A and waits for page B; on node 1 a task holds a
 * reference to B and waits for A. Reading is enough: before the owner supplies
 * the first copy of a page, it write-protects the page. A reference to one page
 * of a 2 MiB folio is a reference to all 512 pages of the block. Nobody can take
 * a reference away from its holder, but the fault can fail: while page work of
 * a region is stuck for longer than its patience, faults of such callers fail
 * that have waited for long, too (fault.c). Then get_user_pages() returns
 * -ENOMEM, or the pages that it has, and its caller puts them. Patience is
 * random, so that of two nodes one goes on.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "alloc.h"
#include "engine/gather.h"
#include "engine/holder.h"
#include "engine/message.h"
#include "memory/huge.h"
#include "memory/pages.h"
#include "memory/pte.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/service.h"
#include "net/transport.h"
#include "protocol/coherence.h"

#define PATIENCE_MS	1000	/* and as much again, at random */
#define WARN_MS		10000
#define REST_DELAY	HZ	/* from the split of a folio to its copy */
#define TIMER_BUDGET	64	/* messages that one run of the timer looks at */
#define TIMER_PAUSE_NS	500000	/* between two runs that used their budget */

/* ---- page work ---- */

static void answer(struct ssi_rx *rx, struct page *page)
{
	struct ssi_region *region = rx->region;
	struct ssi_msg msg = {
		.index = rx->msg.index,
		.token = rx->msg.token,
		.time = rx->holder.due ? ssi_message_usec(rx->holder.due - rx->start) : 0,
	};
	u64 ns = ktime_get_ns() - rx->start;

	switch (rx->msg.type) {
	case SSI_WIRE_FWDS:
		msg.type = SSI_WIRE_DATAS;
		break;
	case SSI_WIRE_FWDX:
		msg.type = SSI_WIRE_DATAX;
		msg.arg = rx->msg.arg;
		break;
	default:
		msg.type = SSI_WIRE_ACK;
		if (page)
			put_page(page);
		page = NULL;
		break;
	}
	ssi_stats_add(region->stats, page ? SSI_DSM_CLASS_FORWARDED :
					    SSI_DSM_CLASS_INVALIDATION, ns);
	ssi_message_send(region, rx->msg.requester, &msg, page);
}

/* The page is in state E without data, so it is zero. Give it memory. */
static struct page *make_zero(const struct ssi_slot *slot)
{
	struct page *page = ssi_alloc_page_for(slot->region->node->payer,
					       GFP_HIGHUSER | __GFP_ZERO);

	if (!page)
		return NULL;
	spin_lock_bh(&slot->bucket->lock);
	ssi_pte_install(slot->region, page, slot->index);
	ssi_pages_set_data(slot, page);
	spin_unlock_bh(&slot->bucket->lock);
	return page;
}

/*
 * Remove the page from all page tables, or write-protect it, as @rx needs it.
 * Sets rx->holder.page. Return: 0, or an error: try again later.
 */
static int detach(const struct ssi_slot *slot, struct ssi_rx *rx)
{
	struct page *page;
	int ret = ssi_huge_split(slot, &page, &rx->holder.splits);

	if (ret)
		return ret;
	if (!page)
		page = make_zero(slot);
	if (!page)
		return -ENOMEM;
	if (page_mapped(page) && rx->msg.type == SSI_WIRE_FWDX)
		ssi_gather_join_gang(slot->region, slot->index);
	if (rx->msg.type == SSI_WIRE_FWDS)
		ssi_pte_protect(slot->region, page);
	else
		ssi_pte_unmap(slot->region, page);
	rx->holder.page = page;
	return 0;
}

static int try_work(const struct ssi_slot *slot, struct ssi_rx *rx)
{
	int ret = rx->holder.page ? 0 : detach(slot, rx);

	if (ret)
		return ret;
	return ssi_pte_is_free(rx->holder.page) ? 0 : -EAGAIN;
}

/*
 * Page work is done in @state, or there is none to do: change the state as the
 * table says. If the page stays readable, it stays the entry's data, with a
 * second reference for the answer.
 */
static void leave(const struct ssi_slot *slot, struct ssi_rx *rx,
		  enum ssi_page_state state)
{
	struct ssi_page *entry = slot->entry;
	struct page *page = rx->holder.page;
	struct ssi_step step = ssi_coherence_step(state, SSI_EV_LEFT);

	lockdep_assert_held(&slot->bucket->lock);
	ssi_pages_set_state(slot, step.next);
	if (ssi_page_readable(step.next)) {
		get_page(page);
	} else {
		if (rx->holder.exclusive && !ssi_pte_was_written(page))
			entry->migratory = false;
		ssi_pages_set_data(slot, NULL);
		ssi_pte_uninstall(page);
	}
}

/*
 * A page that nobody uses needs no page work, like most pages of a block that
 * was split. @state is the state in which page work would be; it is never set:
 * a fault that reads it without the lock would sleep, and nobody would wake it.
 * Return: whether the page has left, or is a copy now. Bucket lock held.
 */
static bool leave_at_once(const struct ssi_slot *slot, struct ssi_rx *rx,
			  enum ssi_page_state state)
{
	struct page *page = ssi_pages_data(slot->entry);
	bool single;

	rx->holder.fresh = ssi_gather_is_fresh(slot);
	if (!page || rx->holder.fresh)
		return false;
	single = !ssi_huge_is_unmapped(page);
	if (single && !ssi_pte_lock_idle(page))
		return false;
	rx->holder.page = page;
	leave(slot, rx, state);
	if (single) {
		ClearPageDirty(page);
		unlock_page(page);
	}
	return true;
}

/* A lost region queues no work: ssi_holder_purge() may have run. */
static bool may_queue(struct ssi_region *region)
{
	lockdep_assert_held(&region->holder.lock);
	return READ_ONCE(region->state) != SSI_DSM_REGION_LOST;
}

static bool queue_again(struct ssi_region *region, unsigned long delay)
{
	if (!may_queue(region))
		return false;
	mod_delayed_work(region->node->wq, &region->holder.again, delay);
	return true;
}

/* Queue @rest for the first folio. */
static void queue_rest(struct ssi_region *region)
{
	struct ssi_holder *holder = &region->holder;
	unsigned long now = jiffies, due;
	struct ssi_rx *first;

	first = list_first_entry_or_null(&holder->rests, struct ssi_rx, list);
	if (!first || !may_queue(region))
		return;
	due = first->holder.since + REST_DELAY;
	queue_delayed_work(region->node->split_wq, &holder->rest,
			   time_after(due, now) ? due - now : 0);
}

/*
 * @rx is answered. If its page work has split a folio, other page work may have
 * waited for that, and the other pages are copied later: until then most of them
 * are copied by faults, or leave.
 */
static void split_rest(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_holder *holder = &region->holder;
	bool queued;

	if (!rx->holder.splits)
		return ssi_rx_free(rx);
	rx->holder.since = jiffies;
	spin_lock_bh(&holder->lock);
	if (!list_empty(&holder->later))
		queue_again(region, 0);
	queued = may_queue(region);
	if (queued) {
		list_add_tail(&rx->list, &holder->rests);
		queue_rest(region);
	}
	spin_unlock_bh(&holder->lock);
	if (!queued)
		ssi_rx_free(rx);
}

/* Copy the rest of one folio. No task waits for it: faults copy what they need. */
static void ssi_holder_rest(struct work_struct *work)
{
	struct ssi_region *region = container_of(work, struct ssi_region,
						 holder.rest.work);
	struct ssi_holder *holder = &region->holder;
	struct ssi_rx *rx;

	spin_lock_bh(&holder->lock);
	rx = list_first_entry_or_null(&holder->rests, struct ssi_rx, list);
	if (rx)
		list_del_init(&rx->list);
	queue_rest(region);
	spin_unlock_bh(&holder->lock);
	if (!rx)
		return;
	set_user_nice(current, MAX_NICE);
	ssi_huge_split_rest(region, rx->msg.index);
	set_user_nice(current, 0);
	ssi_rx_free(rx);
}

/* Tell if a page is in use for long; @error says why its work cannot go on. */
static void check_patience(struct ssi_region *region, struct ssi_rx *rx,
			   int error)
{
	unsigned long now = jiffies;

	if (!rx->holder.since) {
		rx->holder.since = now | 1;
		rx->holder.patience = msecs_to_jiffies(PATIENCE_MS +
						       get_random_u32() % PATIENCE_MS);
	}
	if (error != -EAGAIN)
		return;
	if (time_after(now, rx->holder.since + rx->holder.patience))
		WRITE_ONCE(region->holder.stuck, now | 1);
	if (rx->holder.warned ||
	    time_before(now, rx->holder.since + msecs_to_jiffies(WARN_MS)))
		return;
	rx->holder.warned = true;
	pr_warn("page %llu of region %u on node %u is pinned by somebody for more than %u s; nodes that want it wait\n",
		rx->msg.index, region->id, region->node->id, WARN_MS / 1000);
}

/* Queue the page work of @rx again a moment later. */
static void work_later(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_holder *holder = &region->holder;
	bool queued;

	spin_lock_bh(&holder->lock);
	queued = queue_again(region, 1);
	if (queued)
		list_add_tail(&rx->list, &holder->later);
	spin_unlock_bh(&holder->lock);
	if (!queued)
		ssi_rx_free(rx);
}

/*
 * Page work: unmap or write-protect, then answer. Runs on node->wq, or in the
 * service thread.
 */
static void ssi_holder_page_work(struct work_struct *work)
{
	struct ssi_rx *rx = container_of(work, struct ssi_rx, work);
	struct ssi_region *region = rx->region;
	struct ssi_slot slot;
	int error;

	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST)
		return ssi_rx_free(rx);
	ssi_pages_find(region, rx->msg.index, 0, &slot);
	error = try_work(&slot, rx);
	if (error) {
		check_patience(region, rx, error);
		return work_later(region, rx);
	}
	spin_lock_bh(&slot.bucket->lock);
	leave(&slot, rx, slot.entry->state);
	spin_unlock_bh(&slot.bucket->lock);
	ssi_pages_wake(&slot);
	local_bh_disable();
	answer(rx, rx->holder.page);
	local_bh_enable();
	split_rest(region, rx);
}

/*
 * A page that came only now is not for the service thread, which is fast: a fault
 * that was woken could ask for the page again and again, and never map it.
 */
static void begin_page_work(struct ssi_region *region, struct ssi_rx *rx)
{
	rx->holder.page = NULL;
	rx->holder.splits = NULL;
	rx->holder.since = 0;
	rx->holder.warned = false;
	INIT_WORK(&rx->work, ssi_holder_page_work);
	if (rx->holder.fresh)
		queue_work(region->node->wq, &rx->work);
	else
		ssi_service_queue_work(region->node->wq, &rx->work);
}

/* Try the page works again that could not go on. */
static void ssi_holder_again(struct work_struct *work)
{
	struct ssi_holder *holder = container_of(work, struct ssi_holder,
						 again.work);
	struct ssi_rx *rx, *next;
	LIST_HEAD(rxs);

	spin_lock_bh(&holder->lock);
	list_splice_init(&holder->later, &rxs);
	spin_unlock_bh(&holder->lock);
	list_for_each_entry_safe(rx, next, &rxs, list) {
		list_del_init(&rx->list);
		queue_work(rx->region->node->wq, &rx->work);
	}
}

bool ssi_holder_is_stuck(struct ssi_region *region)
{
	unsigned long stuck = READ_ONCE(region->holder.stuck);

	return stuck && time_before(jiffies, stuck + HZ / 4);
}

/* ---- held messages ---- */

static void insert_by_due(struct ssi_holder *holder, struct ssi_rx *rx)
{
	struct rb_node **link = &holder->by_due.rb_root.rb_node;
	struct rb_node *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (rx->holder.due < rb_entry(parent, struct ssi_rx, holder.by_due)->holder.due) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	rb_link_node(&rx->holder.by_due, parent, link);
	rb_insert_color_cached(&rx->holder.by_due, &holder->by_due, first);
}

/* Return: false if a message is held for the page already. */
static bool insert_by_index(struct ssi_holder *holder, struct ssi_rx *rx)
{
	struct rb_node **link = &holder->by_index.rb_node;
	struct rb_node *parent = NULL;
	struct ssi_rx *other;

	while (*link) {
		parent = *link;
		other = rb_entry(parent, struct ssi_rx, holder.by_index);
		if (rx->msg.index == other->msg.index)
			return false;
		link = rx->msg.index < other->msg.index ? &parent->rb_left :
							  &parent->rb_right;
	}
	rb_link_node(&rx->holder.by_index, parent, link);
	rb_insert_color(&rx->holder.by_index, &holder->by_index);
	return true;
}

static struct ssi_rx *first_due(struct ssi_holder *holder)
{
	struct rb_node *node = rb_first_cached(&holder->by_due);

	return node ? rb_entry(node, struct ssi_rx, holder.by_due) : NULL;
}

static void remove_held(struct ssi_holder *holder, struct ssi_rx *rx)
{
	lockdep_assert_held(&holder->lock);
	rb_erase_cached(&rx->holder.by_due, &holder->by_due);
	rb_erase(&rx->holder.by_index, &holder->by_index);
}

static void start_timer(struct ssi_holder *holder, u64 due)
{
	hrtimer_start(&holder->timer, ns_to_ktime(due), HRTIMER_MODE_ABS_SOFT);
}

/*
 * Add @rx to the held messages. Return: false if one is held for the page
 * already: the home has at most one transaction of a page under way. If the
 * timer function runs, it starts the timer itself.
 */
static bool insert_held(struct ssi_holder *holder, struct ssi_rx *rx)
{
	lockdep_assert_held(&holder->lock);
	if (!insert_by_index(holder, rx))
		return false;
	insert_by_due(holder, rx);
	if (first_due(holder) == rx && !holder->timer_runs)
		start_timer(holder, rx->holder.due);
	return true;
}

/*
 * Hold @rx. A lost region holds none, since ssi_holder_purge() may have run
 * already. BH disabled.
 */
static void hold(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_holder *holder = &region->holder;
	bool legal = true, lost;

	spin_lock(&holder->lock);
	lost = READ_ONCE(region->state) == SSI_DSM_REGION_LOST;
	if (!lost)
		legal = insert_held(holder, rx);
	spin_unlock(&holder->lock);
	if (!legal)
		ssi_message_violation(rx, "it asks twice for a page");
	else if (lost)
		ssi_rx_free(rx);
}

static enum ssi_event holder_event(enum ssi_wire_type type)
{
	switch (type) {
	case SSI_WIRE_FWDS:
		return SSI_EV_FWDS;
	case SSI_WIRE_FWDX:
		return SSI_EV_FWDX;
	default:
		return SSI_EV_INV;
	}
}

/*
 * Whether the page must stay for now. In state SX this node waits to write its
 * copy. Holding the message would not help it, since its own request is served
 * after this one.
 */
static bool must_hold(const struct ssi_slot *slot, struct ssi_rx *rx)
{
	return slot->entry->state != SSI_PAGE_SX &&
	       ssi_gather_must_hold(slot, rx);
}

/*
 * Decide about @rx and change the state. False: hold @rx; the state has not
 * changed. @page: set to the page to send or to put, with a reference. Bucket
 * lock held.
 */
static bool decide(const struct ssi_slot *slot, struct ssi_rx *rx,
		   enum ssi_action *action, struct page **page)
{
	struct ssi_page *entry = slot->entry;
	struct ssi_step step;

	lockdep_assert_held(&slot->bucket->lock);
	step = ssi_coherence_step(entry->state, holder_event(rx->msg.type));
	*action = step.action;
	if (step.action == SSI_ACT_WORK && must_hold(slot, rx))
		return false;
	rx->holder.exclusive = entry->state == SSI_PAGE_E;
	if (step.action == SSI_ACT_WORK && leave_at_once(slot, rx, step.next)) {
		*action = SSI_ACT_ANSWER;
		*page = rx->holder.page;
		return true;
	}
	if (step.action != SSI_ACT_ERROR)
		ssi_pages_set_state(slot, step.next);
	if (step.action == SSI_ACT_SUPPLY) {
		*page = ssi_pages_data(entry);
		get_page(*page);
	}
	return true;
}

/* FWDS, FWDX, INV */
static void holder_asked(struct ssi_region *region, struct ssi_rx *rx)
{
	enum ssi_action action;
	struct page *page = NULL;
	struct ssi_slot slot;
	bool decided;

	if (!ssi_pages_find(region, rx->msg.index, 0, &slot))
		return ssi_message_violation(rx, "the page was never here");
	spin_lock(&slot.bucket->lock);
	decided = decide(&slot, rx, &action, &page);
	spin_unlock(&slot.bucket->lock);
	if (!decided)
		return hold(region, rx);

	switch (action) {
	case SSI_ACT_ACK:
	case SSI_ACT_ANSWER:
	case SSI_ACT_SUPPLY:
		answer(rx, page);
		return ssi_rx_free(rx);
	case SSI_ACT_WORK:
		return begin_page_work(region, rx);
	default:
		return ssi_message_violation(rx, "the page is not here");
	}
}

/* Take the message that is held for page @index, or NULL. */
static struct ssi_rx *take_held(struct ssi_holder *holder, u64 index)
{
	struct rb_node *node;
	struct ssi_rx *rx = NULL;

	spin_lock(&holder->lock);
	node = holder->by_index.rb_node;
	while (node) {
		rx = rb_entry(node, struct ssi_rx, holder.by_index);
		if (rx->msg.index == index)
			break;
		node = index < rx->msg.index ? node->rb_left : node->rb_right;
	}
	if (node)
		remove_held(holder, rx);
	spin_unlock(&holder->lock);
	return node ? rx : NULL;
}

/*
 * OLDER is a priority hint: an older request waits at the home. The message
 * that is held for the page gets the age of that request. The hint may come
 * when no message is held.
 */
static void holder_hinted(struct ssi_region *region, struct ssi_rx *older)
{
	struct ssi_rx *rx = take_held(&region->holder, older->msg.index);
	u32 waited;

	if (rx) {
		waited = ssi_message_usec(older->start - rx->start);
		if (older->msg.time > waited)
			rx->msg.time = max(rx->msg.time,
					   older->msg.time - waited);
		holder_asked(region, rx);
	}
	ssi_rx_free(older);
}

/* FWDS, FWDX, INV, OLDER */
void ssi_holder_recv(struct ssi_region *region, struct ssi_rx *rx)
{
	if (rx->msg.type == SSI_WIRE_OLDER)
		holder_hinted(region, rx);
	else
		holder_asked(region, rx);
}

static struct ssi_rx *take_due(struct ssi_holder *holder)
{
	struct ssi_rx *rx;

	spin_lock(&holder->lock);
	rx = first_due(holder);
	if (rx && rx->holder.due > ktime_get_ns())
		rx = NULL;
	if (rx)
		remove_held(holder, rx);
	spin_unlock(&holder->lock);
	return rx;
}

/*
 * The timer function ends: start the timer for the next message. If the budget
 * is used up, the messages that are due wait, so that other softirqs and tasks
 * get the CPU.
 */
static void restart_timer(struct ssi_holder *holder, bool used_up)
{
	struct ssi_rx *rx;

	spin_lock(&holder->lock);
	holder->timer_runs = false;
	rx = first_due(holder);
	if (rx)
		start_timer(holder, used_up ? ktime_get_ns() + TIMER_PAUSE_NS :
					      rx->holder.due);
	spin_unlock(&holder->lock);
}

/* Softirq. */
static enum hrtimer_restart ssi_holder_timer(struct hrtimer *timer)
{
	struct ssi_region *region =
		container_of(timer, struct ssi_region, holder.timer);
	struct ssi_holder *holder = &region->holder;
	struct ssi_rx *rx;
	u32 budget;

	spin_lock(&holder->lock);
	holder->timer_runs = true;
	spin_unlock(&holder->lock);
	for (budget = TIMER_BUDGET; budget; budget--) {
		rx = take_due(holder);
		if (!rx)
			break;
		holder_asked(region, rx);
	}
	restart_timer(holder, !budget);
	return HRTIMER_NORESTART;
}

void ssi_holder_init(struct ssi_holder *holder)
{
	spin_lock_init(&holder->lock);
	holder->by_due = RB_ROOT_CACHED;
	holder->by_index = RB_ROOT;
	hrtimer_init(&holder->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	holder->timer.function = ssi_holder_timer;
	INIT_LIST_HEAD(&holder->later);
	INIT_DELAYED_WORK(&holder->again, ssi_holder_again);
	INIT_LIST_HEAD(&holder->rests);
	INIT_DELAYED_WORK(&holder->rest, ssi_holder_rest);
}

static void take_all(struct ssi_holder *holder, struct list_head *rxs)
{
	struct ssi_rx *rx;

	spin_lock_bh(&holder->lock);
	while ((rx = first_due(holder))) {
		remove_held(holder, rx);
		list_add_tail(&rx->list, rxs);
	}
	list_splice_tail_init(&holder->later, rxs);
	list_splice_tail_init(&holder->rests, rxs);
	spin_unlock_bh(&holder->lock);
}

/*
 * First the lists are emptied: nothing is added to them any more, so that
 * neither the timer nor a work starts again after it was cancelled.
 */
void ssi_holder_purge(struct ssi_holder *holder, struct list_head *rxs)
{
	take_all(holder, rxs);
	hrtimer_cancel(&holder->timer);
	cancel_delayed_work_sync(&holder->again);
	cancel_delayed_work_sync(&holder->rest);
}
