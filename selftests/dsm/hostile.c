// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A connected node breaks the protocol. It must lose its link, and the region
 * that it shares with the victim; nothing else may be lost.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libvictim.h"
#include "selftests/unit/tap.h"

#define HEAD	((uint32_t)sizeof(struct ssi_wire))
#define TOKEN	7u	/* of the fake node's own requests */
#define STALE	0xdeadu	/* a life that no instance has */
#define SILENCE_MS	12000	/* more than the module waits before it tells */
#define HOLD_US		10000000	/* of the victim, where it must hold a page */
#define OURS	5u	/* a page whose home is the victim */
#define THEIRS	(PART_PAGES + 5u)	/* one whose home is the fake node */

#define MANY		4096u	/* requests that a home keeps for a node */
#define MANY_REGION	4u
#define MANY_SIZE	(32 * MIB)

#define MALFORMED	"sent a malformed message"
#define BROKE		"broke the protocol: "
#define BYE		"has closed the link"
#define NOT_AWAITED	BROKE "nobody here waits for it"

/* ---- several messages ---- */

static int say_page(struct fake *f, uint8_t type, uint64_t index, uint32_t token)
{
	const struct ssi_msg msg = {
		.type = type,
		.region = REGION,
		.index = index,
		.token = token,
		.len = type == SSI_WIRE_DATAS || type == SSI_WIRE_DATAX ? PAGE : 0,
	};

	return fake_say(f, &msg);
}

/* The fake node requests an untouched page of the victim's, and gets it. */
static int own_page(struct fake *f)
{
	struct ssi_msg msg;

	return say_page(f, SSI_WIRE_GETX, OURS, TOKEN) ?:
	       fake_hear(f, SSI_WIRE_ZERO, &msg) ?:
	       say_page(f, SSI_WIRE_UNBLOCK, OURS, TOKEN);
}

static int ask_for_own(struct fake *f)
{
	return own_page(f) ?: say_page(f, SSI_WIRE_GETS, OURS, TOKEN + 1);
}

static int done_twice(struct fake *f)
{
	return own_page(f) ?: say_page(f, SSI_WIRE_UNBLOCK, OURS, TOKEN);
}

static int done_for_another(struct fake *f)
{
	struct ssi_msg msg;

	return say_page(f, SSI_WIRE_GETX, OURS, TOKEN) ?:
	       fake_hear(f, SSI_WIRE_ZERO, &msg) ?:
	       say_page(f, SSI_WIRE_UNBLOCK, OURS, TOKEN + 1);
}

/* The second could be an upgrade that overtook UNBLOCK. */
static int ask_thrice(struct fake *f)
{
	return say_page(f, SSI_WIRE_GETX, OURS, TOKEN) ?:
	       say_page(f, SSI_WIRE_GETX, OURS, TOKEN + 1) ?:
	       say_page(f, SSI_WIRE_GETX, OURS, TOKEN + 2);
}

/* ---- several messages, to a victim that waits for a page ---- */

static int writer;

/* A program on the victim requests a page; @token is that request's. */
static int be_asked(struct fake *f, uint32_t *token)
{
	struct ssi_msg msg;
	int ret;

	writer = victim_write(THEIRS);
	ret = fake_hear(f, SSI_WIRE_GETX, &msg);
	*token = msg.token;
	return ret;
}

static int say_datax(struct fake *f, uint32_t token, uint32_t acks)
{
	const struct ssi_msg msg = {
		.type = SSI_WIRE_DATAX,
		.region = REGION,
		.index = THEIRS,
		.token = token,
		.arg = acks,
		.len = PAGE,
	};

	return fake_say(f, &msg);
}

static int ack_twice(struct fake *f)
{
	uint32_t token;

	return be_asked(f, &token) ?: say_datax(f, token, 2) ?:
	       say_page(f, SSI_WIRE_ACK, THEIRS, token) ?:
	       say_page(f, SSI_WIRE_ACK, THEIRS, token);
}

static int supply_twice(struct fake *f)
{
	uint32_t token;

	return be_asked(f, &token) ?: say_datax(f, token, 1) ?:
	       say_datax(f, token, 1);
}

static int supply_another(struct fake *f)
{
	uint32_t token;

	return be_asked(f, &token) ?: say_datax(f, token + 1, 0);
}

static int supply_a_copy(struct fake *f)
{
	uint32_t token;

	return be_asked(f, &token) ?:
	       say_page(f, SSI_WIRE_DATAS, THEIRS, token);
}

static int grant_without_copy(struct fake *f)
{
	uint32_t token;

	return be_asked(f, &token) ?:
	       say_page(f, SSI_WIRE_GRANT, THEIRS, token);
}

static int ack_uncalled(struct fake *f)
{
	uint32_t token;

	return be_asked(f, &token) ?:
	       say_page(f, SSI_WIRE_ACK, THEIRS, token) ?:
	       say_datax(f, token, 0);
}

static int say_bye(struct fake *f)
{
	const struct ssi_msg msg = { .type = SSI_WIRE_BYE };

	return fake_say(f, &msg);
}

static int say_bye_when_asked(struct fake *f)
{
	uint32_t token;

	return be_asked(f, &token) ?: say_bye(f);
}

/* BYE is the last message: requests behind it have no effect. */
static int go_on_after_bye(struct fake *f)
{
	int ret = say_bye(f);

	if (!say_page(f, SSI_WIRE_GETX, OURS, TOKEN))
		say_bye(f);
	return ret;
}

/* ---- several messages, to a victim that has the page ---- */

static int hand_over(struct fake *f)
{
	struct ssi_msg msg;
	uint32_t token;

	return be_asked(f, &token) ?:
	       (f->tcp ? say_datax(f, token, 0) :
			 fake_send_headerless(f, SSI_WIRE_IMM_DATAX | token,
					      PAGE)) ?:
	       fake_hear(f, SSI_WIRE_UNBLOCK, &msg);
}

static int ack_late(struct fake *f)
{
	struct ssi_msg msg;
	uint32_t token;

	return be_asked(f, &token) ?: say_datax(f, token, 1) ?:
	       say_page(f, SSI_WIRE_ACK, THEIRS, token) ?:
	       fake_hear(f, SSI_WIRE_UNBLOCK, &msg) ?:
	       say_page(f, SSI_WIRE_ACK, THEIRS, token);
}

static int say_forward(struct fake *f, uint8_t type, uint32_t requester)
{
	const struct ssi_msg msg = {
		.type = type,
		.requester = requester,
		.region = REGION,
		.index = THEIRS,
		.token = TOKEN,
	};

	return fake_say(f, &msg);
}

static int take_twice(struct fake *f)
{
	struct ssi_msg msg;

	return hand_over(f) ?: say_forward(f, SSI_WIRE_FWDX, HIGH) ?:
	       fake_hear(f, SSI_WIRE_DATAX, &msg) ?:
	       say_forward(f, SSI_WIRE_FWDX, HIGH);
}

static int invalidate_owner(struct fake *f)
{
	return hand_over(f) ?: say_forward(f, SSI_WIRE_INV, HIGH);
}

static int send_in_circle(struct fake *f)
{
	return hand_over(f) ?: say_forward(f, SSI_WIRE_FWDX, VICTIM);
}

/* The victim holds the page, since it waits for another page for longer. */
static int ask_while_held(struct fake *f)
{
	struct ssi_msg msg;
	int first, ret;

	policy_set(CLUSTER, VICTIM, REGION, SSI_DSM_POLICY_HOLD, HOLD_US);
	ret = hand_over(f);
	first = writer;
	writer = victim_write(THEIRS + 1);
	ret = ret ?: fake_hear(f, SSI_WIRE_GETX, &msg) ?:
	      say_forward(f, SSI_WIRE_FWDX, HIGH) ?:
	      say_forward(f, SSI_WIRE_FWDX, HIGH);
	kill(first, SIGKILL);
	waitpid(first, NULL, 0);
	return ret;
}

/* ---- messages without end ---- */

static int announce_for_ever(struct fake *f)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_REGION, .region = 1000, .own_life = FAKE_LIFE,
	};
	int ret = 0;

	/* Sending fails once the victim has closed the connection. */
	while (!ret && msg.region++ < 10000)
		ret = fake_say(f, &msg);
	return ret == -ENOTCONN ? 0 : -EPROTO;
}

/* An INV of a page that the victim waits for, which it answers by ACK. */
static const struct ssi_msg inv = {
	.type = SSI_WIRE_INV,
	.requester = HIGH,
	.region = REGION,
	.index = THEIRS,
	.token = TOKEN,
};

/* It never gives a credit back, so the victim cannot send the answers. */
static int take_no_answers(struct fake *f)
{
	const struct ssi_msg full = fake_address(f, &inv);
	struct ssi_wire invs[SSI_WIRE_BATCH];
	uint64_t until = now_ms() + DEADLINE_MS;
	struct ssi_msg msg;
	uint32_t token, i;
	int ret = be_asked(f, &token);

	for (i = 0; i < SSI_WIRE_BATCH; i++)
		ssi_wire_encode(&invs[i], &full);
	while (!ret && now_ms() < until) {
		ret = fake_send(f, invs, sizeof(invs), FAKE_SENDS / 4);
		while (!ret && f->heard != f->arrived)
			ret = fake_next(f, &msg);
	}
	return ret == -ENOTCONN ? 0 : -EPROTO;
}

static void fail_allocations(const char *nth)
{
	FILE *file = fopen("/sys/module/ssi_dsm/parameters/fail_nth", "w");

	if (!file || fputs(nth, file) < 0 || fclose(file))
		tap_bail("fail_nth: %s", strerror(errno));
}

/*
 * The victim lacks memory for receive buffers, so credits come back slowly. A
 * message for a region that no node has is ignored, and costs it a page.
 */
static int send_without_credit(struct fake *f)
{
	const struct ssi_msg msg = {
		.type = SSI_WIRE_CHANNEL, .src = HIGH, .dst = VICTIM,
		.region = 77, .len = PAGE,
	};
	uint64_t until = now_ms() + DEADLINE_MS;
	uint8_t out[PAGE + HEAD] = { };
	struct ssi_msg heard;
	struct ssi_wire wire;
	int ret = 0;

	ssi_wire_encode(&wire, &msg);
	memcpy(out + PAGE, &wire, HEAD);
	fail_allocations("2,0,0,0,0");
	while (!ret && now_ms() < until) {
		ret = fake_send(f, out, sizeof(out), FAKE_SENDS / 2);
		while (!ret && f->heard != f->arrived)
			ret = fake_next(f, &heard);
	}
	fail_allocations("0,0,0,0,0");
	return ret == -ENOTCONN ? 0 : -EPROTO;
}

/* The sizes of send buffers that new sockets have: smallest, first and largest. */
static void set_send_buffers(const char *sizes, char *old, size_t size)
{
	FILE *file = fopen("/proc/sys/net/ipv4/tcp_wmem", "r+");

	if (!file || !fgets(old, size, file) || fseek(file, 0, SEEK_SET) ||
	    fputs(sizes, file) < 0 || fclose(file))
		tap_bail("tcp_wmem: %s", strerror(errno));
}

/*
 * Over tcp credits always come back, unless the fake node does not read what it is sent:
 * then the victim cannot send them. It must notice that, and not take more messages. Or
 * the fake node's kernel drops what does not fit, acknowledgments with it, and so sends
 * nothing for seconds.
 */
static int send_and_read_nothing(struct fake *f)
{
	const struct ssi_msg msg = { .type = SSI_WIRE_PING };
	const struct ssi_msg ping = fake_address(f, &msg);
	struct ssi_wire pings[FAKE_PAYLOAD / HEAD];
	uint64_t until = now_ms() + DEADLINE_MS;
	int least = 1;
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(pings); i++)
		ssi_wire_encode(&pings[i], &ping);
	setsockopt(f->fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	while (now_ms() < until)
		if (send(f->fd, pings, sizeof(pings), MSG_NOSIGNAL) < 0)
			return 0;
	return -EPROTO;
}

/* ---- changes that make a single message invalid ---- */

static void fill_with_ones(struct ssi_wire *wire)
{
	memset(wire, 0xff, sizeof(*wire));
}

static void use_last_byte(struct ssi_wire *wire)
{
	wire->zero[sizeof(wire->zero) - 1] = 1;
}

static void lie_of_src(struct ssi_wire *wire)
{
	wire->src = NEIGHBOUR;
}

static void lie_of_dst(struct ssi_wire *wire)
{
	wire->dst = NEIGHBOUR;
}

static void say_len_100(struct ssi_wire *wire)
{
	wire->len = htole32(100);
}

static void say_len_page(struct ssi_wire *wire)
{
	wire->len = htole32(PAGE);
}

static void say_len_huge(struct ssi_wire *wire)
{
	wire->len = htole32(UINT32_MAX);
}

static void give_all_credits(struct ssi_wire *wire)
{
	wire->credits = htole32(UINT32_MAX);
}

static void give_too_many_credits(struct ssi_wire *wire)
{
	wire->credits = htole32(FAKE_CREDITS + 1);
}

/* A message about a page, as far as all of them are alike. */
#define PAGE_MSG(kind, page, ...) { \
	.type = SSI_WIRE_##kind, .region = REGION, .index = page, \
	.token = TOKEN, ##__VA_ARGS__ }

/* The same, for an earlier life of the victim's instance. */
#define STALE_MSG(kind, page, ...) \
	PAGE_MSG(kind, page, .life = STALE, ##__VA_ARGS__)

/* @nr headers as one message, of which the last is @last. */
static int say_at_once(struct fake *f, uint32_t nr, const struct ssi_msg *last)
{
	struct ssi_msg msg = { .type = SSI_WIRE_PING };
	struct ssi_wire out[SSI_WIRE_BATCH + 1];
	uint32_t i;

	for (i = 0; i < nr; i++) {
		if (i == nr - 1)
			msg = *last;
		msg = fake_address(f, &msg);
		ssi_wire_encode(&out[i], &msg);
	}
	fake_send(f, out, nr * HEAD, 1);
	return 0;
}

static int say_too_many(struct fake *f)
{
	return say_at_once(f, SSI_WIRE_BATCH + 1,
			   &(struct ssi_msg){ .type = SSI_WIRE_PING });
}

static int say_many(struct fake *f)
{
	return say_at_once(f, SSI_WIRE_BATCH,
			   &(struct ssi_msg){ .type = SSI_WIRE_PING });
}

static int end_in_nonsense(struct fake *f)
{
	return say_at_once(f, 3, &(struct ssi_msg){ .type = SSI_WIRE_PING,
						    .token = 1 });
}

static int end_in_bye(struct fake *f)
{
	return say_at_once(f, SSI_WIRE_BATCH,
			   &(struct ssi_msg){ .type = SSI_WIRE_BYE });
}

static int end_in_credit(struct fake *f)
{
	return say_at_once(f, 2, &(struct ssi_msg){ .type = SSI_WIRE_CREDIT });
}

static int cut_headerless_short(struct fake *f)
{
	fake_send_headerless(f, SSI_WIRE_IMM_DATAX | TOKEN, PAGE - 1);
	return 0;
}

static int be_headerless_and_long(struct fake *f)
{
	fake_send_headerless(f, SSI_WIRE_IMM_DATAX | TOKEN, PAGE + HEAD);
	return 0;
}

static int supply_a_copy_headerless(struct fake *f)
{
	uint32_t token;

	return be_asked(f, &token) ?: fake_send_headerless(f, token, PAGE);
}

static int supply_uncalled(struct fake *f)
{
	if (f->tcp)
		return 0;
	return fake_send_headerless(f, TOKEN, PAGE) ?:
	       fake_send_headerless(f, SSI_WIRE_IMM_DATAX | TOKEN, PAGE);
}

/**
 * struct offence - one way to break the protocol
 * @name: of the case
 * @says: the victim's reason for closing the link, without "node 3 "
 * @waits: a program waits for a page meanwhile, and must get SIGBUS
 * @commit: sends the messages, if it takes more than one
 * @msg: the one message
 * @spoil: changes its header
 * @bytes: sent, if not as many as @msg has
 * @rdma: only over rdma: over tcp the rest may come later, or it is legal
 * @tcp: only over tcp
 * @over_tcp: @says over tcp, if that differs
 */
static const struct offence {
	const char *name;
	const char *says;
	bool waits;
	int (*commit)(struct fake *f);
	struct ssi_msg msg;
	void (*spoil)(struct ssi_wire *wire);
	uint32_t bytes;
	bool rdma;
	bool tcp;
	const char *over_tcp;
	const char *or_says;
} offences[] = {
	{ "a header of ones", BROKE "more credits given back than taken",
	  .spoil = fill_with_ones, .over_tcp = MALFORMED },
	{ "an unknown type", MALFORMED, .msg = { .type = SSI_WIRE_TYPES } },
	{ "one byte", BROKE "truncated message", .msg = { .type = SSI_WIRE_PING },
	  .bytes = 1, .rdma = true },
	{ "63 bytes", BROKE "truncated message", .msg = { .type = SSI_WIRE_PING },
	  .bytes = HEAD - 1, .rdma = true },
	{ "another node's id as the source", MALFORMED,
	  .msg = { .type = SSI_WIRE_PING }, .spoil = lie_of_src },
	{ "another node's id as the destination", MALFORMED,
	  .msg = { .type = SSI_WIRE_PING }, .spoil = lie_of_dst },
	{ "an unused byte that is not zero", MALFORMED,
	  .msg = { .type = SSI_WIRE_PING }, .spoil = use_last_byte },
	{ "an unused field that is not zero", MALFORMED,
	  .msg = { .type = SSI_WIRE_PING, .token = 1 } },
	{ "a payload where none belongs", MALFORMED,
	  .msg = { .type = SSI_WIRE_PING, .len = 8 } },
	{ "a message shorter than its header says", MALFORMED,
	  .msg = { .type = SSI_WIRE_CHANNEL, .region = REGION, .len = 10 },
	  .spoil = say_len_100, .rdma = true },
	{ "a message whose header says 4 GiB", MALFORMED,
	  .msg = { .type = SSI_WIRE_CHANNEL, .region = REGION, .len = 10 },
	  .spoil = say_len_huge },
	{ "a channel message without content", MALFORMED,
	  .msg = { .type = SSI_WIRE_CHANNEL, .region = REGION } },
	{ "a page that is one byte short, as its header says", MALFORMED,
	  .msg = PAGE_MSG(DATAX, THEIRS, .len = PAGE - 1) },
	{ "a page that is one byte short, unlike its header says", MALFORMED,
	  .msg = PAGE_MSG(DATAX, THEIRS, .len = PAGE - 1),
	  .spoil = say_len_page, .rdma = true },
	{ "a page message without the page", MALFORMED,
	  .msg = PAGE_MSG(DATAX, THEIRS), .spoil = say_len_page, .rdma = true },
	{ "a requester whose id is too high", MALFORMED,
	  .msg = PAGE_MSG(INV, THEIRS, .requester = SSI_DSM_MAX_NODES) },
	{ "REGION of an instance without a life", MALFORMED,
	  .msg = { .type = SSI_WIRE_REGION, .region = REGION } },
	{ "LEAVE of an instance without a life", MALFORMED,
	  .msg = { .type = SSI_WIRE_LEAVE, .region = REGION, .requester = HIGH } },
	{ "BYE with a payload", MALFORMED, .msg = { .type = SSI_WIRE_BYE, .len = 8 } },
	{ "BYE that names a region", MALFORMED,
	  .msg = { .type = SSI_WIRE_BYE, .region = REGION } },
	{ "more acks than there can be nodes", MALFORMED,
	  .msg = PAGE_MSG(DATAX, THEIRS, .arg = SSI_DSM_MAX_NODES, .len = PAGE) },

	{ "2^32 - 1 credits given back", BROKE "more credits given back than taken",
	  .msg = { .type = SSI_WIRE_PING }, .spoil = give_all_credits },
	{ "one credit more given back than granted",
	  BROKE "more credits given back than taken",
	  .msg = { .type = SSI_WIRE_PING }, .spoil = give_too_many_credits },
	{ "a CREDIT without credits", BROKE "bad credit message",
	  .msg = { .type = SSI_WIRE_CREDIT } },
	{ "a CREDIT of too many", BROKE "bad credit message",
	  .msg = { .type = SSI_WIRE_CREDIT }, .spoil = give_all_credits },
	{ "a CREDIT with a payload", BROKE "bad credit message",
	  .msg = { .type = SSI_WIRE_CREDIT, .len = 1 } },

	{ "the first page behind the region", BROKE "the page is outside the region",
	  .msg = PAGE_MSG(GETS, 2 * PART_PAGES) },
	{ "the last page there can be", BROKE "the page is outside the region",
	  .msg = PAGE_MSG(DATAX, UINT64_MAX, .len = PAGE) },
	{ "GETX to a node that is not the home", BROKE "this is not the page's home",
	  .msg = PAGE_MSG(GETX, THEIRS) },
	{ "PUT to a node that is not the home", BROKE "this is not the page's home",
	  .msg = PAGE_MSG(PUT, THEIRS) },
	{ "UPGRADE of a page that no node has touched",
	  BROKE "the request does not fit what the requester has",
	  .msg = PAGE_MSG(UPGRADE, OURS + 9) },
	{ "UNBLOCK without a transaction", BROKE "no such transaction",
	  .msg = PAGE_MSG(UNBLOCK, OURS) },
	{ "FWDS from a node that is not the home", BROKE "it is not from the page's home",
	  .msg = PAGE_MSG(FWDS, OURS, .requester = HIGH) },
	{ "FWDX from a node that is not the home", BROKE "it is not from the page's home",
	  .msg = PAGE_MSG(FWDX, OURS, .requester = HIGH) },
	{ "INV from a node that is not the home", BROKE "it is not from the page's home",
	  .msg = PAGE_MSG(INV, OURS, .requester = HIGH) },
	{ "OLDER from a node that is not the home", BROKE "it is not from the page's home",
	  .msg = PAGE_MSG(OLDER, OURS, .requester = HIGH) },
	{ "FWDX for a page that was never there", BROKE "the page was never here",
	  .msg = PAGE_MSG(FWDX, THEIRS, .requester = HIGH) },
	{ "FWDX for a node that is no member",
	  BROKE "it serves no other member of the region",
	  .msg = PAGE_MSG(FWDX, THEIRS, .requester = NEIGHBOUR) },
	{ "DATAS without a request", NOT_AWAITED,
	  .msg = PAGE_MSG(DATAS, THEIRS, .len = PAGE) },
	{ "DATAX without a request", NOT_AWAITED,
	  .msg = PAGE_MSG(DATAX, THEIRS, .len = PAGE) },
	{ "GRANT without a request", NOT_AWAITED,
	  .msg = PAGE_MSG(GRANT, THEIRS) },
	{ "ZERO without a request", NOT_AWAITED,
	  .msg = PAGE_MSG(ZERO, THEIRS) },
	{ "ACK without a request", NOT_AWAITED,
	  .msg = PAGE_MSG(ACK, THEIRS) },

	{ "GETS of a page that the requester owns", BROKE "the request does not fit what the requester has",
	  .commit = ask_for_own },
	{ "UNBLOCK twice", BROKE "no such transaction", .commit = done_twice },
	{ "UNBLOCK for another request", BROKE "no such transaction",
	  .commit = done_for_another },
	{ "GETX three times", BROKE "the requester waits for the page already",
	  .commit = ask_thrice },
	{ "ACK twice", NOT_AWAITED, .commit = ack_twice, .waits = true },
	{ "ACK after the request has ended", NOT_AWAITED, .commit = ack_late },
	{ "ACK that the page does not need", NOT_AWAITED,
	  .commit = ack_uncalled, .waits = true },
	{ "DATAX twice", NOT_AWAITED, .commit = supply_twice, .waits = true },
	{ "DATAX for another request", NOT_AWAITED, .commit = supply_another,
	  .waits = true },
	{ "DATAS for a GETX", NOT_AWAITED,
	  .commit = supply_a_copy, .waits = true },
	{ "GRANT for a node that has no copy", NOT_AWAITED,
	  .commit = grant_without_copy, .waits = true },
	{ "FWDX twice", BROKE "the page is not here", .commit = take_twice },
	{ "FWDX twice for a page that is held", BROKE "it asks twice for a page",
	  .commit = ask_while_held, .waits = true },
	{ "INV to the owner", BROKE "the page is not here",
	  .commit = invalidate_owner },
	{ "FWDX for the node that has the page",
	  BROKE "it serves no other member of the region",
	  .commit = send_in_circle },
	{ "a page without a header that is one byte short",
	  BROKE "truncated message", .commit = cut_headerless_short, .rdma = true },
	{ "a page without a header, and bytes after it", BROKE "truncated message",
	  .commit = be_headerless_and_long, .rdma = true },
	{ "DATAS without a header for a GETX", NOT_AWAITED,
	  .commit = supply_a_copy_headerless, .waits = true, .rdma = true },
	{ "nine headers at once", MALFORMED, .commit = say_too_many, .rdma = true },
	{ "a bad header behind good ones", MALFORMED, .commit = end_in_nonsense },
	{ "a CREDIT behind another header", BROKE "bad credit message",
	  .commit = end_in_credit },
	{ "questions without end, and no credits for the answers",
	  "does not take its messages: 65536 wait", .commit = take_no_answers,
	  .waits = true },
	{ "messages without credits", BROKE "it sends without a credit",
	  .commit = send_without_credit, .rdma = true },
	{ "messages without credits, and nothing is read", BROKE "it sends without a credit",
	  .commit = send_and_read_nothing, .tcp = true, .or_says = "no sign of life" },
	{ "BYE in place of a page", BYE, .commit = say_bye_when_asked, .waits = true },
	{ "BYE, and messages behind it", BYE, .commit = go_on_after_bye },
	{ "BYE behind other headers", BYE, .commit = end_in_bye },
	{ "regions without end", BROKE "it has too many regions",
	  .commit = announce_for_ever },
};

/* Sends the one message, with its change. */
static int send_bad(struct fake *f, const struct offence *o)
{
	uint8_t out[HEAD + FAKE_PAYLOAD];
	struct ssi_msg msg = fake_address(f, &o->msg);
	struct ssi_wire wire;

	ssi_wire_encode(&wire, &msg);
	if (o->spoil)
		o->spoil(&wire);
	memset(out, 0x5a, msg.len);
	memcpy(out + msg.len, &wire, HEAD);
	return fake_send(f, out, o->bytes ?: HEAD + msg.len, 1);
}

/*
 * Sends all of it. The victim may close before a single message is
 * acknowledged, so the result of that is no error.
 */
static bool commit(struct fake *f, const struct offence *o)
{
	int ret;

	if (!o->commit) {
		send_bad(f, o);
		return true;
	}
	ret = o->commit(f);
	if (ret)
		tap_diag("the offence failed: %s", strerror(-ret));
	return !ret;
}

static bool end_writer(bool must_get_sigbus)
{
	bool ok = true;

	if (must_get_sigbus) {
		ok = writer && victim_got_sigbus(writer);
	} else if (writer) {
		kill(writer, SIGKILL);
		waitpid(writer, NULL, 0);
	}
	writer = 0;
	return ok;
}

static bool is_possible(const struct offence *o)
{
	return victim_uses_tcp() ? !o->rdma : !o->tcp;
}

static uint32_t count_possible(void)
{
	uint32_t count = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(offences); i++)
		count += is_possible(&offences[i]);
	return count;
}

static bool is_lost_by(const struct fake *f, const struct offence *o,
		       const char *reason)
{
	const char *or = o->or_says;
	struct peer_info info;

	if (!or)
		return victim_lost(f, reason);
	return wait_peer(CLUSTER, VICTIM, f->id, SSI_DSM_LINK_LOST, NULL) &&
	       !peer_get(CLUSTER, VICTIM, f->id, &info) &&
	       victim_lost(f, strncmp(info.reason, or, strlen(or)) ? reason :
								   info.reason);
}

static void test_offence(const struct offence *o)
{
	struct fake f = fake_node(HIGH);
	char reason[128], buffers[64], old[64];
	bool ok;

	/* a victim that cannot send shall notice that soon */
	if (o->tcp)
		set_send_buffers("4096 4096 4096", buffers, sizeof(buffers));
	snprintf(reason, sizeof(reason), "node %u %s", f.id,
		 f.tcp && o->over_tcp ? o->over_tcp : o->says);
	victim_meet(&f);
	ok = fake_befriend(&f, FAKE_CREDITS) && commit(&f, o) &&
	     is_lost_by(&f, o, reason);
	ok &= end_writer(o->waits && ok);
	victim_part(&f);
	fake_close(&f);
	if (o->tcp)
		set_send_buffers(buffers, old, sizeof(old));
	ok &= neighbour_is_well();
	tap_ok(ok, "%s: %s", o->name, reason);
}

/* The device finds this one; each has its own words for it. */
static void test_too_long(void)
{
	const struct ssi_msg msg = PAGE_MSG(DATAX, THEIRS, .len = PAGE + 1);
	const char *says = victim_uses_tcp() ? "node 3 sent a malformed message" :
					       "receiving from node 3 failed: ";
	struct fake f = fake_node(HIGH);
	struct peer_info info = { };
	bool ok;

	victim_meet(&f);
	ok = fake_befriend(&f, FAKE_CREDITS);
	fake_say(&f, &msg);
	ok = ok && wait_peer(CLUSTER, VICTIM, HIGH, SSI_DSM_LINK_LOST, NULL) &&
	     !peer_get(CLUSTER, VICTIM, HIGH, &info) &&
	     !strncmp(info.reason, says, strlen(says)) &&
	     victim_lost(&f, info.reason) && neighbour_is_well();
	tap_ok(ok, "more than a page: %s", info.reason);
	victim_part(&f);
	fake_close(&f);
}

/* ---- messages without effect, which are dropped ---- */

static int flood(struct fake *f)
{
	const struct ssi_msg ping = {
		.type = SSI_WIRE_PING, .src = HIGH, .dst = VICTIM,
	};
	struct ssi_wire wire;

	ssi_wire_encode(&wire, &ping);
	return fake_send(f, &wire, sizeof(wire), FAKE_SENDS);
}

static const struct {
	const char *name;
	struct ssi_msg msg;
	int (*commit)(struct fake *f);
} vain[] = {
	{ "GETX for a region that does not exist",
	  .msg = { .type = SSI_WIRE_GETX, .region = 77 } },
	{ "GETX for a region of other nodes",
	  .msg = { .type = SSI_WIRE_GETX, .region = OTHER_REGION } },
	{ "a page for a region of other nodes",
	  .msg = { .type = SSI_WIRE_DATAX, .region = OTHER_REGION, .len = PAGE } },
	{ "a channel message for a region of other nodes",
	  .msg = { .type = SSI_WIRE_CHANNEL, .region = OTHER_REGION, .len = 5 } },
	{ "LEAVE for a region of other nodes",
	  .msg = { .type = SSI_WIRE_LEAVE, .region = OTHER_REGION,
	    .own_life = FAKE_LIFE, .requester = HIGH } },
	{ "LEAVE for a region of other nodes, that names one of them",
	  .msg = { .type = SSI_WIRE_LEAVE, .region = OTHER_REGION,
	    .own_life = FAKE_LIFE, .requester = NEIGHBOUR } },
	{ "another map for a region of other nodes",
	  .msg = { .type = SSI_WIRE_REGION, .region = OTHER_REGION,
	    .own_life = FAKE_LIFE, .arg = 1 } },
	{ "REGION again, that does not name the victim's life",
	  .msg = { .type = SSI_WIRE_REGION, .region = REGION,
	    .own_life = FAKE_LIFE, .life = STALE, .arg = 1 } },
	{ "LEAVE of an earlier life",
	  .msg = { .type = SSI_WIRE_LEAVE, .region = REGION, .own_life = STALE,
	    .requester = HIGH } },
	{ "a channel message for an earlier life",
	  .msg = { .type = SSI_WIRE_CHANNEL, .region = REGION, .life = STALE,
	    .len = 5 } },
	{ "GETS for an earlier life", .msg = STALE_MSG(GETS, OURS) },
	{ "UPGRADE for an earlier life", .msg = STALE_MSG(UPGRADE, OURS) },
	{ "UNBLOCK for an earlier life", .msg = STALE_MSG(UNBLOCK, OURS) },
	{ "FWDX for an earlier life",
	  .msg = STALE_MSG(FWDX, THEIRS, .requester = HIGH) },
	{ "INV for an earlier life",
	  .msg = STALE_MSG(INV, THEIRS, .requester = HIGH) },
	{ "DATAX for an earlier life", .msg = STALE_MSG(DATAX, THEIRS, .len = PAGE) },
	{ "GRANT for an earlier life", .msg = STALE_MSG(GRANT, THEIRS) },
	{ "ACK for an earlier life", .msg = STALE_MSG(ACK, THEIRS) },
	{ "a page behind the region of an earlier life",
	  .msg = STALE_MSG(GETS, 2 * PART_PAGES) },
	{ "PUT of a page that it does not own", .msg = PAGE_MSG(PUT, OURS) },
	{ "pages without a header and without a request, over rdma",
	  .commit = supply_uncalled },
	{ "eight headers at once", .commit = say_many },
	{ "twice as many messages as it has credits, all given back in time",
	  .commit = flood },
};

/* The victim grants a page, so it has processed all messages before. */
static bool is_served(struct fake *f)
{
	static uint64_t index = 100;
	struct ssi_msg msg;

	return !say_page(f, SSI_WIRE_GETX, ++index, TOKEN) &&
	       !fake_hear(f, SSI_WIRE_ZERO, &msg) &&
	       !say_page(f, SSI_WIRE_UNBLOCK, index, TOKEN) && msg.index == index;
}

static void test_vain(void)
{
	struct fake f = fake_node(HIGH);
	struct region_info info;
	bool ok;
	size_t i;

	victim_meet(&f);
	if (!fake_befriend(&f, FAKE_CREDITS))
		tap_bail("the fake node has no link to the victim");
	for (i = 0; i < ARRAY_SIZE(vain); i++) {
		ok = !(vain[i].commit ? vain[i].commit(&f) :
					fake_say(&f, &vain[i].msg));
		ok = ok && is_served(&f) && neighbour_is_well();
		ok &= !region_get(CLUSTER, VICTIM, OTHER_REGION, &info) &&
		      info.state == SSI_DSM_REGION_READY;
		tap_ok(ok, "%s: it is dropped, and nothing is lost", vain[i].name);
	}
	fake_hang_up(&f);
	tap_ok(victim_lost(&f, "the connection was closed by node 3") &&
	       neighbour_is_well(), "a node that closes its connection is lost; the neighbour is not");
	victim_part(&f);
	fake_close(&f);
}

/*
 * A region that waits for the neighbour gets a REGION from a node that is no
 * member.
 */
static void test_stranger(void)
{
	const struct part map[] = { { VICTIM, PART }, { NEIGHBOUR, PART } };
	const uint32_t third = 3;
	const struct ssi_msg other = {
		.type = SSI_WIRE_REGION, .region = third, .own_life = FAKE_LIFE,
		.arg = 1,
	};
	struct fake f = fake_node(HIGH);
	struct region_info info;
	bool ok;

	victim_meet(&f);
	region_new(CLUSTER, VICTIM, third, map, 2);
	ok = fake_befriend(&f, FAKE_CREDITS) && !fake_say(&f, &other) &&
	     is_served(&f) && !region_get(CLUSTER, VICTIM, third, &info) &&
	     info.state == SSI_DSM_REGION_WAITING;
	region_new(CLUSTER, NEIGHBOUR, third, map, 2);
	ok = ok && wait_region(CLUSTER, VICTIM, third, SSI_DSM_REGION_READY,
			       NULL);
	tap_ok(ok, "REGION from a node that is no member does not change a region");
	region_del(CLUSTER, VICTIM, third);
	region_del(CLUSTER, NEIGHBOUR, third);
	victim_part(&f);
	fake_close(&f);
}

/* It takes all messages, and answers none. */
static bool only_ping(struct fake *f)
{
	const struct ssi_msg ping = { .type = SSI_WIRE_PING };
	uint64_t until = now_ms() + SILENCE_MS;
	struct ssi_msg heard;
	int ret = 0;

	while (!ret && now_ms() < until)
		ret = fake_say(f, &ping) ?: fake_next(f, &heard);
	return !ret;
}

/* A home that is alive, and does not answer: nobody knows whether it will. */
static void test_silence(void)
{
	struct fake f = fake_node(HIGH);
	uint32_t token;
	int log = kernel_log();
	bool ok;

	victim_meet(&f);
	ok = fake_befriend(&f, FAKE_CREDITS) && !be_asked(&f, &token) &&
	     only_ping(&f) &&
	     kernel_says(log, "has waited for page");
	tap_ok(ok, "a home that answers only PINGs: the log says who waits for it");
	end_writer(false);
	close(log);
	victim_part(&f);
	fake_close(&f);
}

/* ---- instances of a region that follow each other ---- */

static bool region_is(uint32_t state)
{
	struct region_info info = { };

	return !region_get(CLUSTER, VICTIM, REGION, &info) && info.state == state;
}

/* REGION of the fake node's instance @own, for the victim's @life. */
static int announce(struct fake *f, const struct ssi_msg *heard, uint32_t own,
		    uint32_t life)
{
	struct ssi_msg msg = *heard;

	msg.own_life = own;
	msg.life = life;
	return fake_say(f, &msg);
}

static int leave(struct fake *f, uint32_t own)
{
	const struct ssi_msg msg = {
		.type = SSI_WIRE_LEAVE, .region = REGION, .own_life = own,
		.requester = HIGH,
	};

	return fake_say(f, &msg);
}

/* The victim has handled all before: it answers a life that is new to it. */
static int wait_handled(struct fake *f, const struct ssi_msg *heard, uint32_t own)
{
	struct ssi_msg msg;

	return announce(f, heard, own, 0) ?: fake_hear(f, SSI_WIRE_REGION, &msg);
}

/*
 * The victim makes its region anew, and the fake node does not know yet. Its
 * messages for the old instance, and its LEAVE, do not touch the new one, which
 * waits until the fake node has made its own anew.
 */
static void test_victim_anew(void)
{
	const struct part map[] = { { VICTIM, PART }, { HIGH, PART } };
	struct fake f = fake_node(HIGH);
	struct ssi_msg left = { }, msg = { };
	bool ok;

	victim_meet(&f);
	ok = fake_befriend(&f, FAKE_CREDITS) &&
	     !region_del(CLUSTER, VICTIM, REGION) &&
	     !region_new(CLUSTER, VICTIM, REGION, map, 2) &&
	     !fake_hear(&f, SSI_WIRE_LEAVE, &left) &&
	     !fake_hear(&f, SSI_WIRE_REGION, &msg);
	ok = ok && left.own_life == f.life && msg.own_life != f.life &&
	     msg.life == FAKE_LIFE;
	ok = ok && !say_page(&f, SSI_WIRE_GETS, OURS, TOKEN) &&
	     !say_page(&f, SSI_WIRE_UNBLOCK, OURS, TOKEN) &&
	     !say_page(&f, SSI_WIRE_ACK, THEIRS, TOKEN) && !leave(&f, FAKE_LIFE) &&
	     !wait_handled(&f, &msg, FAKE_LIFE + 1) &&
	     region_is(SSI_DSM_REGION_WAITING);
	f.life = msg.own_life;
	ok = ok && !say_page(&f, SSI_WIRE_GETX, OURS, TOKEN) &&
	     !announce(&f, &msg, FAKE_LIFE + 1, f.life) &&
	     wait_region(CLUSTER, VICTIM, REGION, SSI_DSM_REGION_READY, NULL) &&
	     is_served(&f) && neighbour_is_well();
	tap_ok(ok, "a region that is made anew: messages for the old one are dropped");
	victim_part(&f);
	fake_close(&f);
}

/* The same, from the other side: the victim's region ends, but not the link. */
static void test_fake_anew(void)
{
	struct fake f = fake_node(HIGH);
	struct ssi_msg msg = { .type = SSI_WIRE_REGION, .region = REGION };
	bool ok;

	victim_meet(&f);
	ok = fake_befriend(&f, FAKE_CREDITS) &&
	     !announce(&f, &msg, FAKE_LIFE + 1, f.life) &&
	     wait_region(CLUSTER, VICTIM, REGION, SSI_DSM_REGION_LOST,
			 "node 3 has made region 1 anew") &&
	     wait_peer(CLUSTER, VICTIM, HIGH, SSI_DSM_LINK_UP, NULL) &&
	     neighbour_is_well();
	tap_ok(ok, "a member that makes its region anew ends the one here, not the link");
	victim_part(&f);
	fake_close(&f);
}

/* ---- requests without end ---- */

/*
 * The fake node requests one page after the other, and gets each; it never sends
 * UNBLOCK, so the victim must keep all requests.
 */
static void test_requests(void)
{
	const struct part map[] = { { VICTIM, MANY_SIZE }, { HIGH, PART } };
	struct fake f = fake_node(HIGH);
	struct ssi_msg msg = { };
	uint64_t served = 0;
	bool ok;

	victim_meet(&f);
	ok = fake_befriend(&f, FAKE_CREDITS) &&
	     !region_new(CLUSTER, VICTIM, MANY_REGION, map, 2);
	/* The first one is the answer to the REGION of fake_befriend(). */
	while (ok && msg.region != MANY_REGION)
		ok = !fake_hear(&f, SSI_WIRE_REGION, &msg);
	f.life = msg.own_life;
	ok = ok && !announce(&f, &msg, FAKE_LIFE, f.life) &&
	     wait_region(CLUSTER, VICTIM, MANY_REGION, SSI_DSM_REGION_READY,
			 NULL);
	msg = (struct ssi_msg){ .type = SSI_WIRE_GETX, .region = MANY_REGION };
	while (ok && served < MANY_SIZE / PAGE && !fake_say(&f, &msg)) {
		struct ssi_msg zero;

		if (fake_hear(&f, SSI_WIRE_ZERO, &zero))
			break;
		served++;
		msg.index++;
		msg.token++;
	}
	tap_diag("%llu requests were served", (unsigned long long)served);
	ok = ok && victim_lost(&f, "node 3 broke the protocol: it has too many requests under way") &&
	     neighbour_is_well();
	tap_ok(ok && served == MANY, "requests without end");
	region_del(CLUSTER, VICTIM, MANY_REGION);
	victim_part(&f);
	fake_close(&f);
}

/* Only an instance that has joined can end the victim's. */
static void test_leave_unjoined(void)
{
	struct fake f = fake_node(HIGH);
	struct ssi_wire_hello hello = fake_hello(&f);
	struct ssi_msg msg = { };
	bool ok;

	victim_meet(&f);
	ok = !fake_connect(&f, &hello, sizeof(hello)) &&
	     !fake_hear(&f, SSI_WIRE_REGION, &msg) &&
	     !wait_handled(&f, &msg, FAKE_LIFE) && !leave(&f, FAKE_LIFE) &&
	     !wait_handled(&f, &msg, FAKE_LIFE) &&
	     region_is(SSI_DSM_REGION_WAITING);
	f.life = msg.own_life;
	ok = ok && !announce(&f, &msg, FAKE_LIFE, f.life) &&
	     wait_region(CLUSTER, VICTIM, REGION, SSI_DSM_REGION_READY, NULL) &&
	     !leave(&f, FAKE_LIFE) &&
	     wait_region(CLUSTER, VICTIM, REGION, SSI_DSM_REGION_LOST,
			 "node 3 has left the region");
	tap_ok(ok, "LEAVE ends a region that its sender has joined, and no other");
	victim_part(&f);
	fake_close(&f);
}

int main(int argc, char **argv)
{
	size_t i;

	alarm(110 * slower());
	victim_make(argc > 1 ? argv[1] : NULL);
	tap_plan(count_possible() + ARRAY_SIZE(vain) + 10);
	tap_ok(neighbour_is_well(), "the victim and its neighbour share a region");
	for (i = 0; i < ARRAY_SIZE(offences); i++)
		if (is_possible(&offences[i]))
			test_offence(&offences[i]);
	test_too_long();
	test_vain();
	test_stranger();
	test_silence();
	test_victim_anew();
	test_fake_anew();
	test_leave_unjoined();
	test_requests();
	victim_delete();
	tap_ok(!module_unload() && !module_load(), "the module unloads after");
	return tap_exit();
}
