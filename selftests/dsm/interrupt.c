// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links over rdma or tcp whose connection breaks: fake nodes hang up and connect again,
 * rightly or with a hello that does not continue the link, or never.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libvictim.h"
#include "selftests/unit/tap.h"

#define LONG_MS		60000u	/* grace period that does not end here */
#define SHORT_MS	1000u
#define QUESTIONS	20u
#define HEAD		((uint32_t)sizeof(struct ssi_wire))
#define UNKNOWN_REGION	77u	/* that no node has */
#define AFTER_PING_US	1200000	/* the victim sends a PING in this time */
#define CLOSED		"the connection was closed by node 3"
#define IMPOSSIBLE	"node 3 broke the protocol: it has received other messages than were sent"

static bool region_is(uint32_t state)
{
	struct region_info info;

	return !region_get(CLUSTER, VICTIM, REGION, &info) &&
	       info.state == state;
}

static bool is_up(const struct fake *f)
{
	return wait_peer(CLUSTER, VICTIM, f->id, SSI_DSM_LINK_UP, "") &&
	       region_is(SSI_DSM_REGION_READY);
}

static bool is_interrupted(const struct fake *f, const char *reason)
{
	return wait_peer(CLUSTER, VICTIM, f->id, SSI_DSM_LINK_INTERRUPTED,
			 reason) &&
	       region_is(SSI_DSM_REGION_READY);
}

/* Asks for page @index, and takes it. */
static bool gets_page(struct fake *f, uint64_t index)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_GETX, .region = REGION, .index = index,
		.token = 1,
	};

	if (fake_say(f, &msg) || fake_hear(f, SSI_WIRE_ZERO, &msg) ||
	    msg.index != index)
		return false;
	msg.type = SSI_WIRE_UNBLOCK;
	return !fake_say(f, &msg);
}

/* The victim rejects a request while it ends the old connection. */
static int connect_with(struct fake *f, const struct ssi_wire_hello *hello)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	int ret;

	do {
		ret = fake_connect(f, hello, sizeof(*hello));
	} while (ret == -ECONNREFUSED && now_ms() < until);
	return ret;
}

static bool connects_again(struct fake *f)
{
	struct ssi_wire_hello hello = fake_hello(f);
	int ret = connect_with(f, &hello);

	if (ret)
		tap_diag("the victim refuses the fake node: %d", ret);
	return !ret && is_up(f);
}

static bool begin(struct fake *f, uint32_t grace_ms, uint32_t credits)
{
	victim_meet_grace(f, grace_ms);
	return fake_befriend(f, credits);
}

static bool begin_and_break(struct fake *f, uint32_t grace_ms)
{
	struct ssi_msg msg;

	if (!begin(f, grace_ms, FAKE_CREDITS) || !gets_page(f, 0))
		return false;
	fake_interrupt(f);
	while (!fake_next(f, &msg))
		;
	fake_hang_up(f);
	return is_interrupted(f, CLOSED);
}

static void end(struct fake *f)
{
	victim_part(f);
	fake_close(f);
}

/* ---- links that continue ---- */

static void test_again(void)
{
	struct fake f = fake_node(HIGH);
	uint64_t said;

	tap_ok(begin_and_break(&f, LONG_MS),
	       "a link whose connection breaks is interrupted, and its region is not lost");
	said = f.said;
	tap_ok(connects_again(&f) && gets_page(&f, 1),
	       "it is up again after the other node has connected again");
	tap_ok(le64toh(f.hello.received) == said,
	       "the victim's hello has the number of messages that it has received");
	tap_ok(neighbour_is_well(), "the link to the neighbour was up all the time");
	end(&f);
}

/* The next answers, which must be for ascending pages, until the end. */
static bool take_answers(struct fake *f, uint64_t *next)
{
	struct ssi_msg msg;
	bool ok = true;

	while (ok && *next < QUESTIONS && !fake_next(f, &msg))
		if (msg.type == SSI_WIRE_ZERO)
			ok = msg.index == (*next)++;
	return ok;
}

/* With 4 credits, most answers wait when the connection breaks. */
static void test_answers(void)
{
	struct ssi_msg get = {
		.type = SSI_WIRE_GETX, .region = REGION, .token = 1,
	};
	struct fake f = fake_node(HIGH);
	uint64_t next = 0, first;
	bool ok;

	ok = begin(&f, LONG_MS, 4);
	for (; ok && get.index < QUESTIONS; get.index++) {
		f.owed = 0;
		ok = !fake_say(&f, &get);
	}
	fake_interrupt(&f);
	ok = ok && take_answers(&f, &next);
	first = next;
	fake_hang_up(&f);
	ok = ok && is_interrupted(&f, CLOSED) && connects_again(&f) &&
	     take_answers(&f, &next);
	tap_diag("%u answers before, %u after", (unsigned int)first,
		 (unsigned int)(next - first));
	tap_ok(ok && first < QUESTIONS && next == QUESTIONS,
	       "each message that had not arrived is sent again, once and in order");
	tap_ok(le64toh(f.hello.received) == f.said,
	       "the victim has received each message of the fake node once");
	end(&f);
}

/* The connection ends after the first @bytes bytes of a message with a payload. */
static bool cut(struct fake *f, uint32_t bytes)
{
	const struct ssi_msg page = {
		.type = SSI_WIRE_CHANNEL, .region = UNKNOWN_REGION, .len = PAGE,
	};
	const struct ssi_msg full = fake_address(f, &page);
	uint8_t out[HEAD + PAGE] = { };
	struct ssi_wire wire;
	struct ssi_msg msg;

	ssi_wire_encode(&wire, &full);
	memcpy(out, &wire, HEAD);
	if (send(f->fd, out, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
		return false;
	fake_interrupt(f);
	while (!fake_next(f, &msg))
		;
	fake_hang_up(f);
	return is_interrupted(f, CLOSED) && connects_again(f);
}

static void test_cuts(void)
{
	static const uint32_t cuts[] = {
		1, HEAD - 1, HEAD, HEAD + 1, HEAD + PAGE - 1, HEAD + PAGE,
	};
	struct fake f = fake_node(HIGH);
	bool ok = begin(&f, LONG_MS, FAKE_CREDITS) && gets_page(&f, 0);
	size_t i;

	for (i = 0; ok && i < ARRAY_SIZE(cuts); i++) {
		f.said += cuts[i] == HEAD + PAGE;
		ok = cut(&f, cuts[i]) && le64toh(f.hello.received) == f.said;
		if (!ok)
			tap_diag("after %u bytes: %u messages instead of %u",
				 cuts[i], (uint32_t)le64toh(f.hello.received),
				 (uint32_t)f.said);
	}
	tap_ok(ok && gets_page(&f, 1),
	       "a message of which a byte is missing counts as not received, a whole one as received");
	end(&f);
}

/* The victim has not noticed that the old connection is dead. */
static void test_replaced(void)
{
	struct fake f = fake_node(HIGH), again;
	struct ssi_wire_hello hello;
	bool ok;

	ok = begin(&f, LONG_MS, FAKE_CREDITS) && gets_page(&f, 0);
	again = fake_node(HIGH);
	again.hello = f.hello;
	again.got = f.got;
	again.life = f.life;
	hello = fake_hello(&again);
	ok = ok && fake_connect(&again, &hello, sizeof(hello)) == -ECONNREFUSED;
	tap_ok(ok && connects_again(&again) && gets_page(&again, 1),
	       "a second connection of the same node replaces the first");
	fake_close(&again);
	end(&f);
}

static void test_wrong_life(void)
{
	struct fake f = fake_node(HIGH);
	struct ssi_wire_hello hello;
	bool ok = begin_and_break(&f, LONG_MS);

	hello = fake_hello(&f);
	hello.peer_life ^= htole32(1);
	tap_ok(ok && connect_with(&f, &hello) == SSI_REFUSED_LIFE &&
	       is_interrupted(&f, CLOSED) && connects_again(&f) &&
	       gets_page(&f, 1),
	       "a hello for another life of the victim is refused, and a right one is not");
	end(&f);
}

/* ---- links that are lost ---- */

/* The last messages of the victim, a PING for example, may be lost with the connection. */
static void count_more(struct ssi_wire_hello *hello)
{
	hello->received = htole64(le64toh(hello->received) + FAKE_SLOTS);
}

/* Over tcp, only what credits were given back for has arrived for certain. */
static void count_less(struct ssi_wire_hello *hello)
{
	uint64_t received = le64toh(hello->received);

	hello->received = htole64(victim_uses_tcp() ? 0 : received - 1);
}

static void count_wildly(struct ssi_wire_hello *hello)
{
	hello->received = htole64(UINT64_MAX);
}

static void be_reborn(struct ssi_wire_hello *hello)
{
	hello->life = htole32(77);
	hello->peer_life = 0;
	hello->received = 0;
}

static const struct {
	const char *name;
	void (*spoil)(struct ssi_wire_hello *hello);
	const char *reason;
} lies[] = {
	{ "more messages than were sent", count_more, IMPOSSIBLE },
	{ "fewer messages than have arrived", count_less, IMPOSSIBLE },
	{ "2^64 - 1 messages", count_wildly, IMPOSSIBLE },
	{ "another life", be_reborn, "node 3 has restarted" },
};

static void test_lies(void)
{
	struct ssi_wire_hello hello;
	struct fake f;
	size_t i;
	bool ok;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		f = fake_node(HIGH);
		ok = begin_and_break(&f, LONG_MS);
		hello = fake_hello(&f);
		lies[i].spoil(&hello);
		tap_ok(ok && connect_with(&f, &hello) == SSI_REFUSED_LOST &&
		       victim_lost(&f, lies[i].reason) && neighbour_is_well(),
		       "a hello with %s: %s", lies[i].name, lies[i].reason);
		end(&f);
	}
}

static void test_grace(void)
{
	const char *reason = CLOSED ", and no connection for 1000 ms";
	struct fake f = fake_node(HIGH);
	uint64_t start = now_ms();
	bool ok = begin_and_break(&f, SHORT_MS);

	ok = ok && victim_lost(&f, reason);
	tap_ok(ok && now_ms() >= start + SHORT_MS && neighbour_is_well(),
	       "the grace period ends: %s", reason);
	end(&f);
	f = fake_node(HIGH);
	ok = begin(&f, 0, FAKE_CREDITS);
	fake_hang_up(&f);
	tap_ok(ok && victim_lost(&f, CLOSED), "no grace period: %s", CLOSED);
	end(&f);
}

static void test_bye(void)
{
	static const struct ssi_msg bye = { .type = SSI_WIRE_BYE };
	const char *reason = "node 3 has closed the link";
	struct fake f = fake_node(HIGH);
	uint32_t last[2] = { };
	struct ssi_msg msg;
	bool ok;

	ok = begin(&f, LONG_MS, FAKE_CREDITS) && !fake_say(&f, &bye);
	tap_ok(ok && victim_lost(&f, reason), "BYE: %s", reason);
	end(&f);
	f = fake_node(HIGH);
	ok = begin(&f, LONG_MS, FAKE_CREDITS);
	victim_part(&f);
	/* A slow victim sends a PING between the two. */
	while (ok && !fake_next(&f, &msg)) {
		if (msg.type == SSI_WIRE_PING || msg.type == SSI_WIRE_CREDIT)
			continue;
		last[0] = last[1];
		last[1] = msg.type;
	}
	tap_ok(ok && last[0] == SSI_WIRE_LEAVE && last[1] == SSI_WIRE_BYE,
	       "a node that deletes a peer says BYE, after LEAVE");
	fake_close(&f);
	f = fake_node(HIGH);
	ok = begin(&f, LONG_MS, FAKE_CREDITS);
	msg = (struct ssi_msg){ .type = SSI_WIRE_PING, .token = 1 };
	usleep(AFTER_PING_US);
	ok = ok && !fake_say(&f, &msg);
	tap_ok(ok && victim_lost(&f, "node 3 sent a malformed message") &&
	       !fake_hear(&f, SSI_WIRE_BYE, &msg),
	       "a node that gives up a link because of a violation says BYE");
	end(&f);
}

/* ---- nodes that the victim connects to ---- */

static struct ssi_wire_hello asked;	/* the victim's last request */

static bool answer(struct fake *f, void (*spoil)(struct ssi_wire_hello *hello))
{
	struct ssi_wire_hello hello;
	int ret;

	if (fake_asked(f))
		return false;
	asked = f->hello;
	hello = fake_hello(f);
	if (spoil)
		spoil(&hello);
	ret = fake_accept(f, &hello);
	/*
	 * Over tcp the victim does not confirm an answer that is wrong. Over rdma it
	 * hangs up, and the kernel of the fake node may see that before the confirmation.
	 */
	return !ret || (spoil && ret == -ENOTCONN);
}

static bool begin_low(struct fake *f)
{
	struct ssi_msg msg;
	bool ok;

	victim_meet_grace(f, LONG_MS);
	fake_listen(f);
	ok = answer(f, NULL) && fake_join(f) && gets_page(f, 0);
	fake_interrupt(f);
	while (!fake_next(f, &msg))
		;
	fake_hang_up(f);
	return ok;
}

static void test_low(void)
{
	struct fake f = fake_node(LOW);

	tap_ok(begin_low(&f) && answer(&f, NULL) && is_up(&f) &&
	       le32toh(asked.peer_life) == 1 &&
	       le64toh(asked.received) == f.said && gets_page(&f, 1),
	       "the victim connects again, and its hello continues the link");
	end(&f);
	f = fake_node(LOW);
	tap_ok(begin_low(&f) && answer(&f, count_more) &&
	       victim_lost(&f, "node 0 broke the protocol: it has received other messages than were sent"),
	       "an answer with more messages than were sent loses the link");
	end(&f);
	f = fake_node(LOW);
	tap_ok(begin_low(&f) && answer(&f, be_reborn) &&
	       victim_lost(&f, "node 0 has restarted"),
	       "an answer with another life loses the link");
	end(&f);
}

static void test_low_refuses(void)
{
	uint32_t data[] = { htole32(SSI_WIRE_MAGIC), htole32(SSI_REFUSED_BUSY) };
	const char *reason = "refused by 10.77.0.1:7471: it has no peer with our node id";
	struct fake f = fake_node(LOW);
	bool ok = begin_low(&f) && !fake_asked(&f);

	if (ok)
		fake_reject(&f, data, sizeof(data));
	ok = ok && !fake_asked(&f) && is_interrupted(&f, NULL);
	data[1] = htole32(SSI_REFUSED_SRC);
	if (ok)
		fake_reject(&f, data, sizeof(data));
	tap_ok(ok && victim_lost(&f, reason),
	       "a refusal that is final loses the link: %s", reason);
	end(&f);
}

int main(int argc, char **argv)
{
	alarm(110 * slower());
	victim_make(argc > 1 ? argv[1] : NULL);
	tap_plan(ARRAY_SIZE(lies) + 20 + victim_uses_tcp());
	tap_ok(neighbour_is_well(), "the victim and its neighbour share a region");
	test_again();
	test_answers();
	if (victim_uses_tcp())
		test_cuts();
	test_replaced();
	test_wrong_life();
	test_lies();
	test_grace();
	test_bye();
	test_low();
	test_low_refuses();
	tap_ok(neighbour_is_well(), "the victim and its neighbour still share it");
	victim_delete();
	tap_ok(!module_unload() && !module_load(), "the module unloads after");
	return tap_exit();
}
