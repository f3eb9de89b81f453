// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How links over rdma or tcp are made, refused, and lost when the peer is silent: fake
 * nodes send the victim any hello, any answer to its own, or none.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libvictim.h"
#include "selftests/unit/tap.h"

#define UNKNOWN		7u	/* a node id that no node has */
#define NOBODY		"10.77.0.99"
#define LOST_MS		3000u	/* SSI_PEER_LOST_MS in kmod/net/peer.h */
#define CREDITS_MAX	UINT16_MAX
#define CROWD		48u	/* more requests than a listener keeps */
#define REFUSAL_UNKNOWN	99u
#define ROOT_PORTS	1024	/* below this only root may bind */

/* ---- nodes that connect to the victim ---- */

static void spoil_magic(struct ssi_wire_hello *hello)
{
	hello->magic = htole32(SSI_WIRE_MAGIC + 1);
}

static void spoil_zero(struct ssi_wire_hello *hello)
{
	hello->zero = htole32(1);
}

static void spoil_version(struct ssi_wire_hello *hello)
{
	hello->version = htole16(SSI_WIRE_VERSION + 1);
}

static void spoil_cluster(struct ssi_wire_hello *hello)
{
	hello->cluster = htole64(ssi_wire_hash(0, "other", 5));
}

static void spoil_dst(struct ssi_wire_hello *hello)
{
	hello->dst = UNKNOWN;
}

static void be_unknown(struct ssi_wire_hello *hello)
{
	hello->src = UNKNOWN;
}

static void be_impossible(struct ssi_wire_hello *hello)
{
	hello->src = SSI_DSM_MAX_NODES;
}

static void be_the_victim(struct ssi_wire_hello *hello)
{
	hello->src = VICTIM;
}

static void be_the_neighbour(struct ssi_wire_hello *hello)
{
	hello->src = NEIGHBOUR;
}

static void be_low(struct ssi_wire_hello *hello)
{
	hello->src = LOW;
}

static void grant_nothing(struct ssi_wire_hello *hello)
{
	hello->credits = 0;
}

static void grant_too_much(struct ssi_wire_hello *hello)
{
	hello->credits = htole32(CREDITS_MAX + 1);
}

#define WHOLE	sizeof(struct ssi_wire_hello)

/* Private data is padded with zeros: in a short hello the last fields are 0. */
static const struct {
	const char *name;
	uint8_t len;
	void (*spoil)(struct ssi_wire_hello *hello);
	enum ssi_refusal refusal;
} hellos[] = {
	{ "no private data", 0, NULL, SSI_REFUSED_MAGIC },
	{ "four bytes", 4, NULL, SSI_REFUSED_VERSION },
	{ "half a hello", 12, NULL, SSI_REFUSED_CLUSTER },
	{ "wrong magic", WHOLE, spoil_magic, SSI_REFUSED_MAGIC },
	{ "padding that is not zero", WHOLE, spoil_zero, SSI_REFUSED_MAGIC },
	{ "another version", WHOLE, spoil_version, SSI_REFUSED_VERSION },
	{ "another cluster", WHOLE, spoil_cluster, SSI_REFUSED_CLUSTER },
	{ "another destination", WHOLE, spoil_dst, SSI_REFUSED_DST },
	{ "an unknown node", WHOLE, be_unknown, SSI_REFUSED_SRC },
	{ "node 32", WHOLE, be_impossible, SSI_REFUSED_SRC },
	{ "the victim itself", WHOLE, be_the_victim, SSI_REFUSED_SRC },
	{ "a node that must not connect, since its id is lower", WHOLE, be_low,
	  SSI_REFUSED_SRC },
	{ "a node that is connected already", WHOLE, be_the_neighbour, SSI_REFUSED_BUSY },
	{ "no credits", WHOLE, grant_nothing, SSI_REFUSED_MAGIC },
	{ "too many credits", WHOLE, grant_too_much, SSI_REFUSED_MAGIC },
};

static bool is_refused(struct fake *f, const struct ssi_wire_hello *hello,
		       uint8_t len, int refusal)
{
	int ret = fake_connect(f, hello, len);

	if (ret != refusal)
		tap_diag("refusal %d instead of %d", ret, refusal);
	return ret == refusal;
}

static bool is_victims(const struct ssi_wire_hello *hello, uint32_t dst)
{
	struct ssi_wire_hello want;

	/* Any number of credits and any life but 0 are right. */
	ssi_wire_hello_encode(&want, ssi_wire_hash(0, CLUSTER, strlen(CLUSTER)),
			      VICTIM, dst, le32toh(hello->credits));
	ssi_wire_hello_continue(&want, le32toh(hello->life),
				le32toh(hello->peer_life), 0);
	return !memcmp(hello, &want, sizeof(want)) && hello->credits &&
	       hello->life;
}

static void test_hellos(void)
{
	struct fake f = fake_node(HIGH), again = fake_node(HIGH);
	struct fake low = fake_node(LOW), neighbour = fake_node(NEIGHBOUR);
	const char *addr = f.addr;
	struct ssi_wire_hello hello;
	size_t i;

	victim_meet(&f);
	peer_new(CLUSTER, VICTIM, LOW, low.addr, 0);
	for (i = 0; i < ARRAY_SIZE(hellos); i++) {
		hello = fake_hello(&f);
		if (hellos[i].spoil)
			hellos[i].spoil(&hello);
		f.addr = hello.src == NEIGHBOUR ? neighbour.addr : addr;
		tap_ok(is_refused(&f, &hello, hellos[i].len,
				  hellos[i].refusal) &&
		       wait_peer(CLUSTER, VICTIM, HIGH, SSI_DSM_LINK_CONNECTING,
				 "waiting for node 3 at 10.77.0.4:7471 to connect"),
		       "a hello with %s: %s", hellos[i].name,
		       ssi_wire_refusal_text(hellos[i].refusal));
	}
	f.addr = addr;
	peer_del(CLUSTER, VICTIM, LOW);
	tap_ok(fake_befriend(&f, FAKE_CREDITS) && is_victims(&f.hello, HIGH),
	       "a valid hello after all these is accepted, and answered by a valid one");
	hello = fake_hello(&f);
	tap_ok(is_refused(&again, &hello, WHOLE, SSI_REFUSED_BUSY) &&
	       wait_peer(CLUSTER, VICTIM, HIGH, SSI_DSM_LINK_UP, ""),
	       "a second connection is refused, and the first stays up");
	fake_hang_up(&f);
	tap_ok(victim_lost(&f, "the connection was closed by node 3") &&
	       is_refused(&again, &hello, WHOLE, SSI_REFUSED_LOST),
	       "a node that was lost cannot connect again");
	victim_part(&f);
	fake_close(&f);
	fake_close(&again);
}

/* It asks for a connection and does not complete it. */
static void test_half_open(void)
{
	struct fake half = fake_node(HIGH), f = fake_node(HIGH);
	uint64_t until = now_ms() + DEADLINE_MS;
	struct ssi_wire_hello hello = fake_hello(&f);
	int ret;

	victim_meet(&f);
	fake_connect_half(&half);
	ret = fake_connect(&f, &hello, sizeof(hello));
	tap_ok(ret == -ECONNREFUSED &&
	       wait_peer(CLUSTER, VICTIM, HIGH, SSI_DSM_LINK_CONNECTING, NULL),
	       "a second request is rejected for now while the first is incomplete");
	while (ret == -ECONNREFUSED && now_ms() < until)
		ret = fake_connect(&f, &hello, sizeof(hello));
	tap_ok(!ret && wait_peer(CLUSTER, VICTIM, HIGH, SSI_DSM_LINK_UP, "") &&
	       fake_join(&f), "it is accepted later");
	victim_part(&f);
	fake_close(&half);
	fake_close(&f);
}

/* Connections that the module has accepted, and that the other side knows of. */
static uint32_t count_accepted(void)
{
	FILE *in = fopen("/proc/net/tcp", "r");
	uint32_t count = 0;
	unsigned int port, state;
	char line[256];

	if (!in)
		tap_bail("/proc/net/tcp: %s", strerror(errno));
	while (fgets(line, sizeof(line), in))
		count += sscanf(line, "%*d: %*8x:%x %*8x:%*x %x", &port,
				&state) == 2 &&
			 port == SSI_DSM_PORT && state == 1;
	fclose(in);
	return count;
}

/* Connections and attempts of the kernel's modules; here those of ours. */
static uint32_t count_queue_pairs(void)
{
	FILE *in = popen("rdma resource show qp", "r");
	uint32_t count = 0;
	char line[256];

	if (!in)
		tap_bail("rdma: %s", strerror(errno));
	while (fgets(line, sizeof(line), in))
		count += strstr(line, "type RC") && strstr(line, "comm [");
	pclose(in);
	return count;
}

static uint32_t count_connections(void)
{
	return victim_uses_tcp() ? count_accepted() : count_queue_pairs();
}

static bool wait_connections(uint32_t count)
{
	uint64_t until = now_ms() + DEADLINE_MS;

	while (count_connections() != count)
		if (now_ms() > until)
			return false;
	return true;
}

/*
 * It asks for a connection, right after the victim has given up another one,
 * and is never heard of again.
 */
static void test_never_complete(void)
{
	struct fake first = fake_node(HIGH), second = fake_node(HIGH);
	struct fake third = fake_node(HIGH);
	struct ssi_wire_hello hello = fake_hello(&second);
	uint32_t before;

	victim_meet(&first);
	before = count_connections();
	fake_connect_half(&first);
	tap_ok(wait_connections(before + 1) &&
	       fake_connect(&second, &hello, sizeof(hello)) == -ECONNREFUSED &&
	       wait_connections(before),
	       "an incomplete connection ends when there is another request");
	fake_connect_half(&third);
	tap_ok(wait_connections(before + 1) && wait_connections(before),
	       "it also ends when there is no other request");
	victim_part(&first);
	fake_close(&first);
	fake_close(&second);
	fake_close(&third);
}

/*
 * A hello contains no secret. The address and the port that it comes from are
 * all that keeps other programs and hosts out.
 */
static bool is_kept_out(const char *addr, bool ephemeral)
{
	struct fake f = fake_node(HIGH), imposter = fake_node(HIGH);
	struct ssi_wire_hello hello = fake_hello(&f);
	int ret;
	bool ok;

	imposter.addr = addr;
	imposter.ephemeral = ephemeral;
	victim_meet(&f);
	ret = fake_connect(&imposter, &hello, sizeof(hello));
	if (!ret)
		tap_diag("node %u was connected from %s", imposter.id, addr);
	ok = (ret > 0 || ret == -ECONNREFUSED) &&
	     fake_befriend(&f, FAKE_CREDITS);
	fake_close(&imposter);
	victim_part(&f);
	fake_close(&f);
	return ok;
}

static void test_imposters(void)
{
	tap_ok(is_kept_out(getenv("SSI_ADDR_7"), false),
	       "a hello from an address other than the peer's is refused");
	tap_ok(is_kept_out(fake_node(HIGH).addr, true),
	       "a hello from a port that any user may bind is refused");
}

/* One host opens connections and sends no hello; another one wants to connect. */
static void test_crowd(void)
{
	struct fake f = fake_node(HIGH + 1), crowd[CROWD];
	uint32_t i;

	victim_meet(&f);
	peer_new(CLUSTER, VICTIM, HIGH, fake_node(HIGH).addr, 0);
	for (i = 0; i < CROWD; i++) {
		crowd[i] = fake_node(HIGH);
		fake_connect_mute(&crowd[i]);
	}
	tap_ok(fake_befriend(&f, FAKE_CREDITS),
	       "a node connects while another host has %u requests without a hello",
	       CROWD);
	for (i = 0; i < CROWD; i++)
		fake_close(&crowd[i]);
	peer_del(CLUSTER, VICTIM, HIGH);
	victim_part(&f);
	fake_close(&f);
}

/* ---- nodes that the victim connects to ---- */

#define AT	"10.77.0.1:7471"
#define CANNOT_REACH	"cannot reach node 0 at " AT ": "

/*
 * rdma_cm has the same words for a reject without a reason, and for an address
 * without a listener on a host that has one at another address.
 */
static const char *if_refused(void)
{
	return victim_uses_tcp() ? CANNOT_REACH "no node listens there (-111)" :
				   CANNOT_REACH "consumer defined (28)";
}

static const char *if_rejected(void)
{
	return victim_uses_tcp() ? CANNOT_REACH "it closed the connection (-104)" :
				   CANNOT_REACH "consumer defined (28)";
}

static const char *if_answer_is_foreign(void)
{
	return victim_uses_tcp() ? CANNOT_REACH "it answers as somebody else (0)" :
				   CANNOT_REACH "consumer defined (28)";
}

static const struct {
	const char *name;
	void (*spoil)(struct ssi_wire_hello *hello);
	const char *reason;
} answers[] = {
	{ "wrong magic", spoil_magic, "it answers as somebody else (0)" },
	{ "another version", spoil_version, "it answers as somebody else (0)" },
	{ "another cluster", spoil_cluster, "it answers as somebody else (0)" },
	{ "another destination", spoil_dst, "it answers as somebody else (0)" },
	{ "another node", be_unknown, "it answers as somebody else (0)" },
	{ "the neighbour", be_the_neighbour, "it answers as somebody else (0)" },
	{ "no credits", grant_nothing,
	  "it grants an impossible number of credits (0)" },
	{ "too many credits", grant_too_much,
	  "it grants an impossible number of credits (65536)" },
};

static bool refuse(struct fake *f, uint32_t magic, uint32_t refusal,
		   uint8_t len)
{
	const uint32_t data[] = { htole32(magic), htole32(refusal) };

	if (fake_asked(f))
		return false;
	fake_reject(f, data, len);
	return true;
}

static void test_refusals(struct fake *f)
{
	char reason[256];
	uint32_t i, refusal;

	for (i = SSI_REFUSED_MAGIC; i <= SSI_REFUSED_MAX; i++) {
		refusal = i < SSI_REFUSED_MAX ? i : REFUSAL_UNKNOWN;
		snprintf(reason, sizeof(reason), "refused by %s: %s", AT,
			 ssi_wire_refusal_text(refusal));
		tap_ok(refuse(f, SSI_WIRE_MAGIC, refusal, 8) &&
		       wait_peer(CLUSTER, VICTIM, LOW, SSI_DSM_LINK_REFUSED,
				 reason), "%s", reason);
	}
}

/* Rejects that are not the module's own. */
static void test_rejects(struct fake *f)
{
	tap_ok(refuse(f, 0, 0, 0) &&
	       wait_peer(CLUSTER, VICTIM, LOW, SSI_DSM_LINK_DOWN, if_rejected()),
	       "a reject without data: %s", if_rejected());
	tap_ok(refuse(f, SSI_WIRE_MAGIC, SSI_REFUSED_DST, 8) &&
	       wait_peer(CLUSTER, VICTIM, LOW, SSI_DSM_LINK_REFUSED, NULL) &&
	       refuse(f, 1, SSI_REFUSED_DST, 8) &&
	       wait_peer(CLUSTER, VICTIM, LOW, SSI_DSM_LINK_DOWN,
			 if_answer_is_foreign()),
	       "a reject with other data: %s", if_answer_is_foreign());
}

static void test_answers(struct fake *f)
{
	struct ssi_wire_hello hello;
	char reason[256];
	size_t i;
	bool ok;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		snprintf(reason, sizeof(reason), "cannot reach node 0 at %s: %s",
			 AT, answers[i].reason);
		ok = refuse(f, SSI_WIRE_MAGIC, SSI_REFUSED_BUSY, 8) &&
		     wait_peer(CLUSTER, VICTIM, LOW, SSI_DSM_LINK_REFUSED, NULL);
		hello = fake_hello(f);
		answers[i].spoil(&hello);
		ok = ok && !fake_asked(f) && is_victims(&f->hello, LOW);
		if (ok)
			fake_accept(f, &hello);
		ok = ok && wait_peer(CLUSTER, VICTIM, LOW, SSI_DSM_LINK_DOWN,
				     reason);
		fake_hang_up(f);
		tap_ok(ok, "an answer with %s: %s", answers[i].name, reason);
	}
}

static bool accept_well(struct fake *f)
{
	struct ssi_wire_hello hello = fake_hello(f);

	return !fake_asked(f) && !fake_accept(f, &hello) &&
	       wait_peer(CLUSTER, VICTIM, LOW, SSI_DSM_LINK_UP, "") &&
	       fake_join(f);
}

static void test_connecting(void)
{
	struct fake f = fake_node(LOW);

	victim_meet(&f);
	tap_ok(wait_peer(CLUSTER, VICTIM, LOW, SSI_DSM_LINK_DOWN, if_refused()),
	       "no node listens there: %s", if_refused());
	fake_listen(&f);
	test_refusals(&f);
	test_rejects(&f);
	test_answers(&f);
	tap_ok(!fake_asked(&f) &&
	       wait_peer(CLUSTER, VICTIM, LOW, SSI_DSM_LINK_DOWN,
			 "cannot reach node 0 at " AT ": no answer (-110)"),
	       "the victim gives up a node that never answers");
	fake_hang_up(&f);
	tap_ok(!fake_asked(&f) &&
	       fake_asked_from(&f) < ROOT_PORTS,
	       "the module connects from a port that only root may bind");
	fake_reject(&f, NULL, 0);
	tap_ok(accept_well(&f), "a valid answer after all these is accepted");
	victim_part(&f);
	fake_close(&f);
}

/* A peer with a wrong address, and then with the right one. */
static void test_nobody(void)
{
	struct fake f = fake_node(LOW);
	const char *addr = f.addr;

	f.addr = NOBODY;
	victim_meet(&f);
	tap_ok(wait_peer(CLUSTER, VICTIM, LOW, SSI_DSM_LINK_DOWN,
			 "cannot reach node 0 at " NOBODY ":7471: no answer (-110)"),
	       "no host has that address");
	victim_part(&f);
	f.addr = addr;
	victim_meet(&f);
	fake_listen(&f);
	tap_ok(accept_well(&f), "the right address works at once");
	victim_part(&f);
	fake_close(&f);
}

/* ---- silence ---- */

/* The victim's reason contains the time since the last message. */
static void test_silence(void)
{
	struct fake f = fake_node(HIGH);
	struct peer_info info = { };
	unsigned int ms = 0;
	bool ok;
	int pid;

	victim_meet(&f);
	ok = fake_befriend(&f, FAKE_CREDITS);
	pid = victim_write(PART_PAGES);	/* its home is the silent node */
	ok = ok && wait_peer(CLUSTER, VICTIM, HIGH, SSI_DSM_LINK_LOST, NULL) &&
	     !peer_get(CLUSTER, VICTIM, HIGH, &info) &&
	     sscanf(info.reason, "no sign of life for %u ms", &ms) == 1 &&
	     victim_lost(&f, info.reason);
	tap_ok(ok && ms >= LOST_MS, "a silent node is lost: %s", info.reason);
	tap_ok(victim_got_sigbus(pid), "a program that waits for its page gets SIGBUS");
	tap_ok(neighbour_is_well(), "the link to the neighbour is still up");
	victim_part(&f);
	fake_close(&f);
}

/* ---- credits ---- */

/* Makes the victim queue more messages than it has credits. */
static bool wants_to_send(struct fake *f, uint32_t messages)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	struct peer_info info;
	struct ssi_msg get = {
		.type = SSI_WIRE_GETX, .region = REGION, .token = 1,
	};
	uint32_t i;

	f->owed = 0;
	for (i = 0; i < messages; i++, get.index++)
		if (fake_say(f, &get))
			return false;
	do {
		if (peer_get(CLUSTER, VICTIM, f->id, &info))
			return false;
	} while (info.tx_msgs < f->arrived + messages && now_ms() < until);
	return info.tx_msgs >= f->arrived + messages;
}

/* Each credit lets one message come, and no more. */
static void test_credits(void)
{
	static const struct ssi_msg ping = { .type = SSI_WIRE_PING };
	const uint32_t granted = 4, queued = 20;
	struct fake f = fake_node(HIGH);
	struct ssi_msg msg;
	uint32_t zeros = 0;
	bool ok;

	victim_meet(&f);
	ok = fake_befriend(&f, granted) && wants_to_send(&f, queued);
	while (ok && zeros < queued) {
		ok = !fake_next(&f, &msg) && f.arrived <= granted + f.returned;
		zeros += msg.type == SSI_WIRE_ZERO;
		if (!ok || f.heard < granted + f.returned)
			continue;
		f.owed = 1;
		ok = !fake_say(&f, &ping);
	}
	tap_diag("%u credits, %u messages", granted + f.returned, f.arrived);
	tap_ok(ok && wait_peer(CLUSTER, VICTIM, HIGH, SSI_DSM_LINK_UP, ""),
	       "one message comes for each credit, and all messages come in the end");
	victim_part(&f);
	fake_close(&f);
}

int main(int argc, char **argv)
{
	alarm(110 * slower());
	victim_make(argc > 1 ? argv[1] : NULL);
	tap_plan(ARRAY_SIZE(hellos) + SSI_REFUSED_MAX + ARRAY_SIZE(answers) + 24 +
		 victim_uses_tcp());
	tap_ok(neighbour_is_well(), "the victim and its neighbour share a region");
	test_hellos();
	test_half_open();
	test_never_complete();
	test_imposters();
	if (victim_uses_tcp())
		test_crowd();
	test_connecting();
	test_nobody();
	test_silence();
	test_credits();
	tap_ok(neighbour_is_well(), "the victim and its neighbour still share it");
	victim_delete();
	tap_ok(!module_unload() && !module_load(), "the module unloads after");
	return tap_exit();
}
