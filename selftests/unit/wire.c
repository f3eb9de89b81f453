// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The wire format: a message that is encoded is parsed to the same again, and
 * no invalid message is accepted.
 */
#include "protocol/wire.h"
#include "tap.h"

#include <stdlib.h>

#define RANDOM_BUFFERS	2000000
#define FLIPPED		100000	/* messages of each type */

#define PAGE_FIELDS	(FIELD_REGION | FIELD_LIFE | FIELD_INDEX | FIELD_TOKEN)
enum {
	FIELD_REQUESTER = 1 << 0,
	FIELD_REGION = 1 << 1,
	FIELD_TOKEN = 1 << 2,
	FIELD_INDEX = 1 << 3,
	FIELD_ARG = 1 << 4,
	FIELD_SIZE = 1 << 5,
	FIELD_TIME = 1 << 6,
	FIELD_LIFE = 1 << 7,
	FIELD_OWN_LIFE = 1 << 8,	/* not 0 */
	FIELD_VERSION = 1 << 9,
	REQUEST_FIELDS = PAGE_FIELDS | FIELD_REQUESTER | FIELD_TIME |
			 FIELD_VERSION,
};

/**
 * struct rule - a message type, as in protocol.rst
 * @fields: the fields that it uses; the others are 0
 * @arg_max: largest arg
 * @len_min: bytes of payload
 * @len_max: bytes of payload
 */
static const struct rule {
	u32 fields;
	u64 arg_max;
	u32 len_min;
	u32 len_max;
} rules[SSI_WIRE_TYPES] = {
	[SSI_WIRE_CREDIT] = { 0, 0, 0, 0 },
	[SSI_WIRE_PING] = { 0, 0, 0, 0 },
	[SSI_WIRE_REGION] = { FIELD_REGION | FIELD_LIFE | FIELD_OWN_LIFE |
			      FIELD_ARG | FIELD_SIZE, UINT64_MAX, 0, 0 },
	[SSI_WIRE_LEAVE] = { FIELD_REGION | FIELD_OWN_LIFE | FIELD_REQUESTER,
			     0, 0, 0 },
	[SSI_WIRE_CHANNEL] = { FIELD_REGION | FIELD_LIFE, 0, 1, 4096 },
	[SSI_WIRE_GETS] = { REQUEST_FIELDS, 0, 0, 0 },
	[SSI_WIRE_GETX] = { REQUEST_FIELDS, 0, 0, 0 },
	[SSI_WIRE_UPGRADE] = { REQUEST_FIELDS, 0, 0, 0 },
	[SSI_WIRE_PUT] = { PAGE_FIELDS | FIELD_VERSION, 0, 0, 0 },
	[SSI_WIRE_FWDS] = { REQUEST_FIELDS, 0, 0, 0 },
	[SSI_WIRE_FWDX] = { REQUEST_FIELDS | FIELD_ARG, 31, 0, 0 },
	[SSI_WIRE_INV] = { REQUEST_FIELDS, 0, 0, 0 },
	[SSI_WIRE_OLDER] = { REQUEST_FIELDS, 0, 0, 0 },
	[SSI_WIRE_DATAS] = { PAGE_FIELDS | FIELD_TIME, 0, 4096, 4096 },
	[SSI_WIRE_DATAX] = { PAGE_FIELDS | FIELD_ARG | FIELD_TIME,
			     31, 4096, 4096 },
	[SSI_WIRE_GRANT] = { PAGE_FIELDS | FIELD_ARG, 31, 0, 0 },
	[SSI_WIRE_ZERO] = { PAGE_FIELDS, 0, 0, 0 },
	[SSI_WIRE_ACK] = { PAGE_FIELDS | FIELD_TIME, 0, 0, 0 },
	[SSI_WIRE_UNBLOCK] = { PAGE_FIELDS | FIELD_REQUESTER | FIELD_VERSION,
			       0, 0, 0 },
	[SSI_WIRE_BYE] = { 0 },
	[SSI_WIRE_MOVE] = { PAGE_FIELDS | FIELD_REQUESTER | FIELD_VERSION,
			    0, 0, 0 },
	[SSI_WIRE_HOME] = { PAGE_FIELDS | FIELD_ARG | FIELD_VERSION,
			    UINT64_MAX, 4096, 4096 },
	[SSI_WIRE_UNDERWAY] = { REQUEST_FIELDS | FIELD_ARG, UINT64_MAX, 0, 0 },
	[SSI_WIRE_MOVED] = { PAGE_FIELDS | FIELD_VERSION, 0, 0, 0 },
};

/* xorshift64*: the same numbers in every run. */
static u64 random_u64(void)
{
	static u64 x = 0x9e3779b97f4a7c15ull;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	return x * 0x2545f4914f6cdd1dull;
}

static u32 random_below(u32 end)
{
	return (u32)((random_u64() >> 32) * end >> 32);
}

static struct ssi_msg random_msg(u32 type)
{
	const struct rule *rule = &rules[type];
	struct ssi_msg msg = {
		.type = type,
		.src = random_below(SSI_DSM_MAX_NODES),
		.dst = random_below(SSI_DSM_MAX_NODES),
		.len = rule->len_min +
		       random_below(rule->len_max - rule->len_min + 1),
	};

	if (rule->fields & FIELD_REQUESTER)
		msg.requester = random_below(SSI_DSM_MAX_NODES);
	if (rule->fields & FIELD_REGION)
		msg.region = random_u64();
	if (rule->fields & FIELD_TOKEN)
		msg.token = random_u64();
	if (rule->fields & FIELD_INDEX)
		msg.index = random_u64();
	if (rule->fields & FIELD_ARG)
		msg.arg = rule->arg_max == UINT64_MAX ? random_u64() :
			  random_below(rule->arg_max + 1);
	if (rule->fields & FIELD_SIZE)
		msg.size = random_u64();
	if (rule->fields & FIELD_TIME)
		msg.time = random_u64();
	if (rule->fields & FIELD_LIFE)
		msg.life = random_u64();
	if (rule->fields & FIELD_OWN_LIFE)
		msg.own_life = 1 + random_below(UINT32_MAX);
	if (rule->fields & FIELD_VERSION)
		msg.version = random_u64();
	return msg;
}

static bool same_msg(const struct ssi_msg *a, const struct ssi_msg *b)
{
	return a->type == b->type && a->src == b->src && a->dst == b->dst &&
	       a->requester == b->requester && a->len == b->len &&
	       a->region == b->region && a->token == b->token &&
	       a->index == b->index && a->arg == b->arg && a->size == b->size &&
	       a->time == b->time && a->life == b->life &&
	       a->own_life == b->own_life && a->version == b->version;
}

static int parse(const struct ssi_msg *msg, const struct ssi_wire *wire)
{
	struct ssi_msg out;

	return ssi_wire_parse(wire, msg->len, msg->src, msg->dst, &out);
}

static bool round_trips(u32 type)
{
	struct ssi_wire wire;
	struct ssi_msg out;
	int i;

	for (i = 0; i < 1000; i++) {
		struct ssi_msg msg = random_msg(type);

		ssi_wire_encode(&wire, &msg);
		if (ssi_wire_parse(&wire, msg.len, msg.src, msg.dst, &out) ||
		    !same_msg(&msg, &out))
			return false;
	}
	return true;
}

/* A field that the type does not use, set to one bit after the other. */
static bool unused_is_refused(u32 type, u32 field, size_t offset, size_t size)
{
	struct ssi_msg msg = random_msg(type);
	struct ssi_wire wire;
	size_t bit;

	if (rules[type].fields & field)
		return true;
	for (bit = 0; bit < 8 * size; bit++) {
		ssi_wire_encode(&wire, &msg);
		((u8 *)&wire)[offset + bit / 8] ^= 1 << bit % 8;
		if (!parse(&msg, &wire)) {
			tap_diag("%s with bit %zu of byte %zu was accepted",
				 ssi_wire_type_name(type), bit % 8,
				 offset + bit / 8);
			return false;
		}
	}
	return true;
}

#define UNUSED(type, bit, field) \
	unused_is_refused(type, bit, offsetof(struct ssi_wire, field), \
			  sizeof(((struct ssi_wire *)0)->field))

static bool unused_are_refused(u32 type)
{
	bool all = true;

	all &= UNUSED(type, FIELD_REQUESTER, requester);
	all &= UNUSED(type, FIELD_REGION, region);
	all &= UNUSED(type, FIELD_TOKEN, token);
	all &= UNUSED(type, FIELD_INDEX, index);
	all &= UNUSED(type, FIELD_ARG, arg);
	all &= UNUSED(type, FIELD_SIZE, size);
	all &= UNUSED(type, FIELD_TIME, time);
	all &= UNUSED(type, FIELD_LIFE, life);
	all &= UNUSED(type, FIELD_OWN_LIFE, own_life);
	all &= UNUSED(type, FIELD_VERSION, version);
	all &= UNUSED(type, 0, src);
	all &= UNUSED(type, 0, dst);
	all &= UNUSED(type, 0, len);
	all &= UNUSED(type, 0, zero);
	return all;
}

/* Node numbers and counts just above the allowed maximum, and far above. */
static bool large_is_refused(u32 type)
{
	static const u64 large[] = { 32, 33, 255, 256, 1ull << 32, UINT64_MAX };
	const struct rule *rule = &rules[type];
	struct ssi_wire wire;
	bool all = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(large); i++) {
		struct ssi_msg msg = random_msg(type);

		if ((rule->fields & FIELD_REQUESTER) && large[i] < 256) {
			ssi_wire_encode(&wire, &msg);
			wire.requester = large[i];
			all &= parse(&msg, &wire) == -EPROTO;
		}
		if (rule->arg_max == 31) {
			ssi_wire_encode(&wire, &msg);
			wire.arg = cpu_to_le64(large[i]);
			all &= parse(&msg, &wire) == -EPROTO;
		}
	}
	return all;
}

/*
 * Every length, in header and message alike: only the type's own are accepted.
 */
static bool lengths_are_checked(u32 type)
{
	struct ssi_msg msg = random_msg(type), out;
	const struct rule *rule = &rules[type];
	struct ssi_wire wire;
	u32 len;

	for (len = 0; len < 2 * SSI_WIRE_PAYLOAD_MAX; len++) {
		bool good = len >= rule->len_min && len <= rule->len_max;

		msg.len = len;
		ssi_wire_encode(&wire, &msg);
		if (good == !!ssi_wire_parse(&wire, len, msg.src, msg.dst, &out))
			return false;
		if (!ssi_wire_parse(&wire, len + 1, msg.src, msg.dst, &out))
			return false;
	}
	wire.len = cpu_to_le32(UINT32_MAX);
	return ssi_wire_parse(&wire, UINT32_MAX, msg.src, msg.dst, &out);
}

/* An instance without a life does not exist. */
static bool own_life_is_needed(u32 type)
{
	struct ssi_msg msg = random_msg(type);
	struct ssi_wire wire;

	msg.own_life = 0;
	ssi_wire_encode(&wire, &msg);
	return !parse(&msg, &wire) == !(rules[type].fields & FIELD_OWN_LIFE);
}

/* wire.h asserts where its neighbours are. */
static bool numbers_are_at_44(void)
{
	struct ssi_msg msg = random_msg(SSI_WIRE_GETS);
	struct ssi_wire wire;

	msg.time = 0x04030201;
	msg.life = 0x08070605;
	msg.own_life = 0x0c0b0a09;
	msg.version = 0x100f0e0d;
	ssi_wire_encode(&wire, &msg);
	return !memcmp((u8 *)&wire + 44, "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20",
		       16) && sizeof(wire.zero) == 4;
}

static bool types_end(void)
{
	struct ssi_msg msg = random_msg(SSI_WIRE_PING);
	struct ssi_wire wire;
	u32 type;

	for (type = SSI_WIRE_TYPES; type < 256; type++) {
		ssi_wire_encode(&wire, &msg);
		wire.type = type;
		if (!parse(&msg, &wire))
			return false;
	}
	return !strcmp(ssi_wire_type_name(SSI_WIRE_TYPES), "?") &&
	       !strcmp(ssi_wire_type_name(UINT32_MAX), "?");
}

/*
 * 0: refused. 1: accepted, and the same when encoded again. -1: not the same.
 */
static int try_buffer(const struct ssi_wire *wire, u32 len, u32 src, u32 dst)
{
	struct ssi_wire again;
	struct ssi_msg msg;

	if (ssi_wire_parse(wire, len, src, dst, &msg))
		return 0;
	ssi_wire_encode(&again, &msg);
	again.credits = wire->credits;
	return memcmp(wire, &again, sizeof(again)) ? -1 : 1;
}

/* On the heap, for the address sanitizer to see its end. */
static void fuzz_random(void)
{
	struct ssi_wire *wire = malloc(sizeof(*wire));
	u32 i, taken = 0, wrong = 0;
	u64 *word = (u64 *)wire;
	size_t k;

	if (!wire)
		tap_bail("out of memory");
	for (i = 0; i < RANDOM_BUFFERS; i++) {
		int ret;

		for (k = 0; k < sizeof(*wire) / sizeof(*word); k++)
			word[k] = random_below(3) ? 0 : random_u64();
		/* Most must pass the first checks. */
		wire->type &= 31;
		memset(wire->zero, random_below(16) == 0, sizeof(wire->zero));
		ret = try_buffer(wire, le32_to_cpu(wire->len), wire->src,
				 wire->dst);
		taken += ret > 0;
		wrong += ret < 0;
	}
	free(wire);
	tap_diag("%u of %u random buffers were accepted", taken, RANDOM_BUFFERS);
	tap_ok(!wrong && taken,
	       "random buffers are refused, or encode to the same again");
}

static void fuzz_flipped(void)
{
	struct ssi_wire *wire = malloc(sizeof(*wire));
	u32 type, i, taken = 0, wrong = 0;

	if (!wire)
		tap_bail("out of memory");
	for (type = 0; type < SSI_WIRE_TYPES; type++) {
		for (i = 0; i < FLIPPED; i++) {
			struct ssi_msg msg = random_msg(type);
			u32 flips = 1 + random_below(3);
			int ret;

			ssi_wire_encode(wire, &msg);
			while (flips--)
				((u8 *)wire)[random_below(sizeof(*wire))] ^=
					1 << random_below(8);
			ret = try_buffer(wire, msg.len, msg.src, msg.dst);
			taken += ret > 0;
			wrong += ret < 0;
		}
	}
	free(wire);
	tap_diag("%u of %u flipped messages were accepted", taken,
		 SSI_WIRE_TYPES * FLIPPED);
	tap_ok(!wrong, "flipped bits are refused, or encode to the same again");
}

static bool hello_is_checked(void)
{
	struct ssi_wire_hello good, bad;
	bool all;

	ssi_wire_hello_encode(&good, 77, 3, 5, 16);
	ssi_wire_hello_continue(&good, 1, 0, 0);
#define WITH(field, value) (bad = good, bad.field = (value), &bad)
#define CHECK(hello, len) ssi_wire_hello_check(hello, len, 77, 5)
	all = CHECK(&good, sizeof(good)) == SSI_REFUSED_NOT;
	all &= CHECK(&good, 56) == SSI_REFUSED_NOT;
	all &= CHECK(NULL, sizeof(good)) == SSI_REFUSED_MAGIC;
	all &= CHECK(WITH(magic, 0), sizeof(bad)) == SSI_REFUSED_MAGIC;
	all &= CHECK(WITH(zero, cpu_to_le32(1)), sizeof(bad)) ==
	       SSI_REFUSED_MAGIC;
	all &= CHECK(WITH(zero, cpu_to_le32(1u << 31)), sizeof(bad)) ==
	       SSI_REFUSED_MAGIC;
	all &= CHECK(WITH(version, 0), sizeof(bad)) == SSI_REFUSED_VERSION;
	all &= CHECK(WITH(version, cpu_to_le16(SSI_WIRE_VERSION + 1)),
		     sizeof(bad)) == SSI_REFUSED_VERSION;
	all &= CHECK(WITH(cluster, 0), sizeof(bad)) == SSI_REFUSED_CLUSTER;
	all &= CHECK(WITH(dst, 4), sizeof(bad)) == SSI_REFUSED_DST;
	all &= CHECK(WITH(src, 5), sizeof(bad)) == SSI_REFUSED_SRC;
	all &= CHECK(WITH(src, 32), sizeof(bad)) == SSI_REFUSED_SRC;
	all &= CHECK(WITH(src, 255), sizeof(bad)) == SSI_REFUSED_SRC;
	all &= CHECK(WITH(life, 0), sizeof(bad)) == SSI_REFUSED_MAGIC;
	return all;
}

/* On the heap and of that length: ASan finds a check that reads more. */
static bool short_hello_is_refused(void)
{
	struct ssi_wire_hello good;
	bool all = true;
	size_t len;

	ssi_wire_hello_encode(&good, 77, 3, 5, 16);
	ssi_wire_hello_continue(&good, 1, 0, 0);
	for (len = 0; len < sizeof(good); len++) {
		void *part = malloc(len ?: 1);

		if (!part)
			tap_bail("out of memory");
		memcpy(part, &good, len);
		all &= CHECK(part, len) != SSI_REFUSED_NOT;
		free(part);
	}
	return all;
}

static bool refusals_have_texts(void)
{
	bool all = true;
	u32 i;

	for (i = 0; i < SSI_REFUSED_MAX; i++)
		all &= ssi_wire_refusal_text(i) &&
		       strlen(ssi_wire_refusal_text(i)) > 10;
	return all && ssi_wire_refusal_text(SSI_REFUSED_MAX) &&
	       ssi_wire_refusal_text(UINT32_MAX);
}

/* Known values of 64-bit FNV-1a, and a hash made in two parts. */
static bool hash_is_fnv1a(void)
{
	return ssi_wire_hash(0, "", 0) == 0xcbf29ce484222325ull &&
	       ssi_wire_hash(0, "a", 1) == 0xaf63dc4c8601ec8cull &&
	       ssi_wire_hash(0, "foobar", 6) == 0x85944171f73967e8ull &&
	       ssi_wire_hash(ssi_wire_hash(0, "foo", 3), "bar", 3) ==
		       0x85944171f73967e8ull;
}

static bool is_brief_as(const struct ssi_msg *msg, u32 want)
{
	struct ssi_wire wire, again;
	struct ssi_msg parsed;
	u32 imm;

	ssi_wire_encode(&wire, msg);
	if (!ssi_wire_can_be_headerless(&wire, &imm) || imm != want)
		return false;
	ssi_wire_expand(&again, imm, msg->src, msg->dst);
	return !ssi_wire_parse(&again, msg->len, msg->src, msg->dst, &parsed) &&
	       parsed.type == msg->type && parsed.token == msg->token;
}

/* A header with anything that the receiver cannot know must be sent. */
static bool pages_are_brief(void)
{
	const struct ssi_msg good = {
		.type = SSI_WIRE_DATAX, .src = 1, .dst = 2, .len = 4096,
		.region = 5, .index = 6, .token = SSI_WIRE_TOKEN_MAX,
	};
	struct ssi_msg bad[] = { good, good, good, good };
	struct ssi_msg copy = good;
	struct ssi_wire wire;
	u32 imm, i;

	bad[0].arg = 1;
	bad[1].time = 1;
	bad[2].token++;
	bad[3].type = SSI_WIRE_GRANT;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ssi_wire_encode(&wire, &bad[i]);
		if (ssi_wire_can_be_headerless(&wire, &imm))
			return false;
	}
	copy.type = SSI_WIRE_DATAS;
	return is_brief_as(&good, UINT32_MAX) &&
	       is_brief_as(&copy, SSI_WIRE_TOKEN_MAX);
}

static void test_type(u32 type)
{
	const char *name = ssi_wire_type_name(type);

	tap_ok(round_trips(type), "%s: is parsed as it was encoded", name);
	tap_ok(unused_are_refused(type) && large_is_refused(type) &&
	       own_life_is_needed(type),
	       "%s: corrupt fields are refused", name);
	tap_ok(lengths_are_checked(type), "%s: other lengths are refused", name);
}

int main(void)
{
	u32 type;

	tap_plan(3 * SSI_WIRE_TYPES + 9);
	for (type = 0; type < SSI_WIRE_TYPES; type++)
		test_type(type);
	tap_ok(types_end(), "unknown types are refused");
	tap_ok(numbers_are_at_44(),
	       "time, lives and version are four bytes each from 44 on, little-endian");
	fuzz_random();
	fuzz_flipped();
	tap_ok(hello_is_checked(), "a hello is refused for the right reason");
	tap_ok(short_hello_is_refused(), "a short hello is refused");
	tap_ok(refusals_have_texts(), "every refusal has a sentence");
	tap_ok(pages_are_brief(), "the immediate data of a page without a header has all that is needed");
	tap_ok(hash_is_fnv1a(), "the hash is FNV-1a");
	return tap_exit();
}
