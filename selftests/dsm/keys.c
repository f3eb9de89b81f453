// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Security over rdma: a fake node with the key is a member, and nothing else is. It
 * says what a stranger could, and what something on the way could do to messages.
 *
 * keys [tls|authenticated]
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "libsecure.h"
#include "libvictim.h"
#include "selftests/unit/tap.h"

#define HEAD	((uint32_t)sizeof(struct ssi_wire))
#define GRACE	60000u
#define OURS	5u	/* a page whose home is the victim */
#define TOKEN	7u

static struct fake_guard guard = { .cluster = CLUSTER };

/* ---- keys ---- */

static void give_new_key(uint32_t peer)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	int ret;

	if (getrandom(guard.key, sizeof(guard.key), 0) != sizeof(guard.key))
		tap_bail("no random numbers");
	do {	/* the last connection may not have ended yet */
		ret = secure_give_key(CLUSTER, VICTIM, peer, guard.key,
				      sizeof(guard.key));
	} while (ret == -EISCONN && now_ms() < until && !usleep(1000));
	if (ret)
		tap_bail("the key is not taken: %s", conf_text());
}

static uint64_t forged(const struct fake *f)
{
	struct peer_info info;

	if (peer_get(CLUSTER, VICTIM, f->id, &info))
		tap_bail("the peer: %s", conf_text());
	return info.forged;
}

static void refuses_keys(void)
{
	static const uint8_t zero[33];

	tap_ok(secure_give_key(CLUSTER, VICTIM, HIGH, zero, 31) < 0 &&
	       secure_give_key(CLUSTER, VICTIM, HIGH, zero, 33) < 0,
	       "keys of 31 and of 33 bytes are refused");
	tap_ok(secure_give(CLUSTER, VICTIM, HIGH, 0) == -EINVAL,
	       "a socket for a node with rdma is refused: %s", conf_text());
	tap_ok(secure_give_key(CLUSTER, NEIGHBOUR, VICTIM, zero, 32) == -EISCONN,
	       "a key that nothing asked for is refused: %s", conf_text());
}

/* ---- strangers ---- */

static int connect_with(struct fake *f, enum guard_fault fault)
{
	struct ssi_wire_hello hello = fake_hello(f);
	int ret;

	guard.fault = fault;
	ret = fake_connect(f, &hello, sizeof(hello));
	guard.fault = GUARD_RIGHT;
	return ret;
}

static void refuses_strangers(struct fake *f)
{
	struct ssi_wire_hello hello = fake_hello(f);
	uint64_t before;

	tap_ok(connect_with(f, GUARD_RIGHT) == -ECONNREFUSED,
	       "a request before there is a key is refused");
	give_new_key(HIGH);
	before = forged(f);
	f->guard = NULL;
	tap_ok(fake_connect(f, &hello, sizeof(hello)) == -ECONNREFUSED,
	       "a request without a tag is refused");
	f->guard = &guard;
	tap_ok(connect_with(f, GUARD_WRONG_TAG) == -ECONNREFUSED,
	       "one with a wrong tag is refused");
	tap_ok(connect_with(f, GUARD_WRONG_QP) == -ECONNREFUSED,
	       "one with the tag of another queue pair is refused");
	tap_ok(forged(f) == before + 3, "and all of them are counted");
}

/* The attempt of the module may still be there: it says when to try again. */
static int connect_new(struct fake *f, enum guard_fault fault)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	int ret;

	give_new_key(f->id);
	do {
		ret = connect_with(f, fault);
	} while (ret == -EBUSY && now_ms() < until);
	return ret;
}

static bool is_ended(struct fake *f)
{
	struct ssi_msg msg;
	int ret;

	do {
		ret = fake_next(f, &msg);
	} while (!ret);
	fake_hang_up(f);
	return ret == -ENOTCONN;
}

/* The connection may end before the device has acknowledged the message. */
static bool is_sent(int ret)
{
	return !ret || ret == -ENOTCONN;
}

static void refuses_proofs(struct fake *f)
{
	struct ssi_msg ping = { .type = SSI_WIRE_PING };
	uint64_t before = forged(f);

	tap_ok(is_sent(connect_new(f, GUARD_WRONG_PROOF)) && is_ended(f) &&
	       forged(f) == before + 1, "a wrong proof ends the connection");
	tap_ok(connect_with(f, GUARD_REPLAYED) == -ECONNREFUSED,
	       "its request again is refused: a key is for one connection");
	tap_ok(!connect_new(f, GUARD_NO_PROOF) && is_sent(fake_say(f, &ping)) &&
	       is_ended(f) && forged(f) == before + 2,
	       "a message in place of the proof ends the connection");
}

/* ---- a member ---- */

static bool comes_up(struct fake *f)
{
	return !connect_new(f, GUARD_RIGHT) &&
	       wait_peer(CLUSTER, VICTIM, f->id, SSI_DSM_LINK_UP, NULL);
}

static void takes_members(struct fake *f)
{
	struct fake stranger = fake_node(HIGH);

	if (!tap_ok(comes_up(f) && fake_join(f),
		    "a node with the key joins: both sides seal alike"))
		tap_bail("the fake node has no connection");
	stranger.guard = &(struct fake_guard){ .cluster = CLUSTER };
	stranger.guard->security = guard.security;
	give_new_key(HIGH);
	tap_ok(fake_connect(&stranger, &(struct ssi_wire_hello){ }, 40) ==
	       SSI_REFUSED_MAGIC, "an empty hello is refused");
	stranger.link_life = 7;
	stranger.hello = f->hello;
	tap_ok(connect_with(&stranger, GUARD_RIGHT) == -ECONNREFUSED &&
	       wait_peer(CLUSTER, VICTIM, HIGH, SSI_DSM_LINK_UP, NULL),
	       "a stranger that says the node has restarted does not end its link");
	fake_close(&stranger);
}

/* ---- what the network sees ---- */

static int say_page(struct fake *f, uint8_t type)
{
	const struct ssi_msg msg = {
		.type = type, .region = REGION, .index = OURS, .token = TOKEN,
	};

	return fake_say(f, &msg);
}

static void shows_pages(struct fake *f)
{
	bool plain = guard.security == SSI_DSM_SECURITY_AUTHENTICATED;
	int fd = attach(CLUSTER, VICTIM, SSI_DSM_ATTACH_NO_CHANNEL);
	char *mem = fd < 0 ? NULL : map_region(fd, 2 * PART);
	struct ssi_msg msg;
	int ret;

	if (!mem)
		tap_bail("no memory of the victim");
	guard.look = "a page that only the two nodes may see";
	strcpy(mem + OURS * PAGE, guard.look);
	ret = say_page(f, SSI_WIRE_GETS) ?: fake_hear(f, SSI_WIRE_DATAS, &msg) ?:
	      say_page(f, SSI_WIRE_UNBLOCK);
	tap_ok(!ret && guard.opened && guard.shown == plain,
	       "the network sees %s of a page", plain ? "the content" : "nothing");
	guard.look = NULL;
	munmap(mem, 2 * PART);
	close(fd);
}

/* ---- something on the way ---- */

static uint32_t make(uint8_t *out, uint32_t payload)
{
	const struct ssi_msg msg = {
		.type = payload ? SSI_WIRE_DATAS : SSI_WIRE_PING,
		.src = HIGH, .dst = VICTIM, .len = payload,
		.region = payload ? REGION : 0,
	};
	struct ssi_wire wire;

	ssi_wire_encode(&wire, &msg);
	memset(out, 0x5a, payload);
	memcpy(out + payload, &wire, HEAD);
	return payload + HEAD;
}

static void send_again(struct fake *f)
{
	uint8_t out[HEAD + GUARD_TRAILER];
	uint32_t len = guard_seal(&guard, out, make(out, 0));

	if (!fake_send_raw(f, out, len))
		fake_send_raw(f, out, len);
}

/* Change the bit @bit of byte @at, from the end if that is negative. */
static void send_changed(struct fake *f, uint32_t payload, int at)
{
	uint8_t out[PAGE + HEAD + GUARD_TRAILER];
	uint32_t len = guard_seal(&guard, out, make(out, payload));

	out[at < 0 ? (int)len + at : at] ^= 1;
	fake_send_raw(f, out, len);
}

static void change_header(struct fake *f)
{
	send_changed(f, 0, 8);
}

static void change_credits(struct fake *f)
{
	send_changed(f, PAGE, PAGE + offsetof(struct ssi_wire, credits));
}

static void change_first_byte(struct fake *f)
{
	send_changed(f, PAGE, 0);
}

static void change_last_byte(struct fake *f)
{
	send_changed(f, PAGE, PAGE - 1);
}

static void change_tag(struct fake *f)
{
	send_changed(f, PAGE, -1);
}

static void change_counter(struct fake *f)
{
	send_changed(f, 0, HEAD);
}

static void leave_one_out(struct fake *f)
{
	uint8_t out[HEAD + GUARD_TRAILER];

	guard_seal(&guard, out, make(out, 0));
	fake_send_raw(f, out, guard_seal(&guard, out, make(out, 0)));
}

static void do_not_seal(struct fake *f)
{
	uint8_t out[HEAD];

	fake_send_raw(f, out, make(out, 0));
}

static void cut_off(struct fake *f)
{
	uint8_t out[PAGE + HEAD + GUARD_TRAILER];

	guard_seal(&guard, out, make(out, PAGE));
	fake_send_raw(f, out, PAGE);
}

static void send_few(struct fake *f)
{
	fake_send_raw(f, guard.proof, 10);
}

static void send_immediate(struct fake *f)
{
	fake_send_headerless(f, 1, PAGE);
}

static void send_other_direction(struct fake *f)
{
	uint8_t key[SSI_KEYS_LEN];

	memcpy(key, guard.keys[0], sizeof(key));
	memcpy(guard.keys[0], guard.keys[1], sizeof(key));
	send_changed(f, 0, HEAD + 8);
	memcpy(guard.keys[0], key, sizeof(key));
}

static const struct {
	const char *what;
	void (*send)(struct fake *f);
} attacks[] = {
	{ "a message that comes twice", send_again },
	{ "a changed header", change_header },
	{ "changed credits behind a page", change_credits },
	{ "a changed first byte of a page", change_first_byte },
	{ "a changed last byte of a page", change_last_byte },
	{ "a changed tag", change_tag },
	{ "a changed counter", change_counter },
	{ "a message in place of the one before it", leave_one_out },
	{ "a message that is not sealed", do_not_seal },
	{ "a page without its header and tag", cut_off },
	{ "ten bytes", send_few },
	{ "a page with immediate data", send_immediate },
	{ "a message with the module's own key", send_other_direction },
};

static bool hears_ping(struct fake *f)
{
	struct ssi_msg msg;

	return !fake_hear(f, SSI_WIRE_PING, &msg);
}

static void survives(struct fake *f, uint32_t i)
{
	uint64_t before = forged(f);
	bool ended;

	attacks[i].send(f);
	ended = is_ended(f) &&
		wait_peer(CLUSTER, VICTIM, HIGH, SSI_DSM_LINK_INTERRUPTED,
			  "something on the way from node 3 has forged, changed or repeated a message");
	tap_ok(ended && forged(f) == before + 1,
	       "%s ends the connection, and is counted", attacks[i].what);
	if (!tap_ok(comes_up(f) && (i % 4 || hears_ping(f)),
		    "the link goes on with new keys"))
		tap_bail("the fake node has no connection");
}

/*
 * The side that accepts has answered, so its key is gone. Does it take a reject with
 * the tag of a key that anybody has?
 */
static bool reject_with_zeros(struct fake *f)
{
	static const uint8_t zeros[SSI_KEYS_LEN];
	struct {
		uint32_t said[3];	/* struct ssi_rdma_refusal */
		uint8_t tag[SSI_KEYS_LEN];
	} data = { .said = { htole32(SSI_WIRE_MAGIC), htole32(SSI_REFUSED_LIFE) } };
	struct ssi_keys_transcript t;
	uint64_t until = now_ms() + DEADLINE_MS;
	int ret;

	give_new_key(f->id);
	do {
		ret = fake_hear_answer(f);
	} while (ret == -EBUSY && now_ms() < until);
	if (ret)
		return false;
	t = guard.t;
	t.refusal = data.said[1];
	ssi_keys_make(zeros, SSI_KEYS_REFUSAL, &t, data.tag);
	fake_reject(f, &data, sizeof(data));
	return true;
}

static void survives_rejects(struct fake *f)
{
	fake_interrupt(f);
	fake_hang_up(f);
	if (!tap_ok(reject_with_zeros(f) && comes_up(f),
		    "a reject in place of the proof does not end the link"))
		tap_bail("the fake node has no connection");
}

/* ---- the module connects ---- */

static bool is_asked(struct fake *f)
{
	give_new_key(LOW);
	return !fake_asked(f);
}

static void checks_answers(void)
{
	struct ssi_wire_hello hello;
	struct fake f = fake_node(LOW);
	uint64_t before;
	uint32_t data[3] = { htole32(SSI_WIRE_MAGIC), htole32(SSI_REFUSED_LIFE) };

	f.guard = &guard;
	fake_listen(&f);
	victim_meet_grace(&f, GRACE);
	before = forged(&f);
	if (!is_asked(&f))
		tap_bail("the victim does not connect");
	hello = fake_hello(&f);
	guard.fault = GUARD_WRONG_TAG;
	fake_accept(&f, &hello);
	guard.fault = GUARD_RIGHT;
	tap_ok(wait_peer(CLUSTER, VICTIM, LOW, SSI_DSM_LINK_DOWN,
			 "cannot reach node 0 at 10.77.0.1:7471: it has not proved who it is (0)") &&
	       forged(&f) == before + 1, "an answer with a wrong tag counts nothing");
	fake_hang_up(&f);
	tap_ok(is_asked(&f) && !fake_accept(&f, &hello) && hears_ping(&f) &&
	       wait_peer(CLUSTER, VICTIM, LOW, SSI_DSM_LINK_UP, NULL),
	       "one with the right tag makes the link UP");
	fake_interrupt(&f);
	fake_hang_up(&f);
	if (!is_asked(&f))
		tap_bail("the victim does not connect again");
	fake_reject(&f, data, sizeof(data));
	hello = fake_hello(&f);
	tap_ok(is_asked(&f) && !fake_accept(&f, &hello) && hears_ping(&f) &&
	       wait_peer(CLUSTER, VICTIM, LOW, SSI_DSM_LINK_UP, NULL),
	       "a reject that anybody could have sent does not end the link");
	fake_close(&f);
	victim_part(&f);
}

int main(int argc, char **argv)
{
	struct fake f;
	uint32_t i;

	guard.security = argc > 1 && !strcmp(argv[1], "authenticated") ?
			 SSI_DSM_SECURITY_AUTHENTICATED : SSI_DSM_SECURITY_TLS;
	conf_need();
	secure_use_keys(guard.security);
	secure_begin();
	victim_make(NULL);
	tap_plan(3 + 5 + 3 + 3 + 1 + 2 * ARRAY_SIZE(attacks) + 1 + 3 + 1);
	f = fake_node(HIGH);
	f.guard = &guard;
	victim_meet_grace(&f, GRACE);
	refuses_keys();
	refuses_strangers(&f);
	refuses_proofs(&f);
	takes_members(&f);
	shows_pages(&f);
	for (i = 0; i < ARRAY_SIZE(attacks); i++)
		survives(&f, i);
	survives_rejects(&f);
	fake_close(&f);
	victim_part(&f);
	checks_answers();
	tap_ok(neighbour_is_well(), "the link of the neighbours was never disturbed");
	victim_delete();
	return tap_exit();
}
