// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module reads of another node before and after it knows who that is: hellos,
 * refusals, headers, immediate data, and the tags of the handshake over rdma.
 */
#include <stdbool.h>

#include "net/keys.h"
#include "protocol/wire.h"
#include "fuzz.h"

#define CLUSTER	0x1234567890abcdefull
#define SELF	1u
#define OTHER	2u

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

/* A right one, of which the input changes some bits; of any length. */
static void read_hello(struct fuzz_input *input)
{
	struct ssi_wire_hello hello;
	uint8_t bits[sizeof(hello)];
	size_t len = fuzz_below(input, 2 * sizeof(hello));

	ssi_wire_hello_encode(&hello, CLUSTER, OTHER, SELF, 248);
	ssi_wire_hello_continue(&hello, 1, 0, 0);
	fuzz_take(input, bits, sizeof(bits));
	for (size_t i = 0; i < sizeof(bits); i++)
		((uint8_t *)&hello)[i] ^= bits[i];
	if (ssi_wire_hello_check(&hello, len, CLUSTER, SELF))
		return;
	if (len < sizeof(hello) || hello.dst != SELF || hello.src == SELF ||
	    hello.src >= SSI_DSM_MAX_NODES || !hello.life ||
	    le64_to_cpu(hello.cluster) != CLUSTER)
		fuzz_fail("a hello of %zu bytes for another node is taken", len);
}

static void read_refusal(struct fuzz_input *input)
{
	const char *text = ssi_wire_refusal_text(fuzz_number(input, 4));

	if (!text || !*text)
		fuzz_fail("a refusal without a text");
}

/* A message that is taken means the same when it is written again. */
static void check_again(const struct ssi_wire *wire, const struct ssi_msg *msg)
{
	struct ssi_wire again;

	ssi_wire_encode(&again, msg);
	again.credits = wire->credits;
	if (memcmp(&again, wire, sizeof(again)))
		fuzz_fail("a message of type %u has two forms", msg->type);
	if (msg->type >= SSI_WIRE_TYPES || msg->requester >= SSI_DSM_MAX_NODES ||
	    msg->len > SSI_WIRE_PAYLOAD_MAX)
		fuzz_fail("a message of type %u with bad fields is taken", msg->type);
}

static void read_header(struct fuzz_input *input)
{
	uint32_t payload = fuzz_number(input, 4);
	struct ssi_wire wire;
	struct ssi_msg msg;

	fuzz_take(input, &wire, sizeof(wire));
	wire.src = fuzz_below(input, 4) ? OTHER : wire.src;
	wire.dst = fuzz_below(input, 4) ? SELF : wire.dst;
	if (fuzz_below(input, 4))
		payload = le32_to_cpu(wire.len);
	if (!ssi_wire_parse(&wire, payload, OTHER, SELF, &msg))
		check_again(&wire, &msg);
}

/* All immediate data mean a copy or a page, with a token. */
static void read_immediate(struct fuzz_input *input)
{
	uint32_t imm = fuzz_number(input, 4), back = 0;
	struct ssi_wire wire;
	struct ssi_msg msg;

	ssi_wire_expand(&wire, imm, OTHER, SELF);
	if (ssi_wire_parse(&wire, SSI_WIRE_PAYLOAD_MAX, OTHER, SELF, &msg))
		fuzz_fail("immediate data %#x are no message", imm);
	if (ssi_wire_can_be_headerless(&wire, &back) && back != imm)
		fuzz_fail("immediate data %#x become %#x", imm, back);
}

/* What differs in one bit, or has another use, has another tag. */
static void read_tag(struct fuzz_input *input)
{
	static const uint8_t key[SSI_KEYS_LEN] = "the key of the handshake";
	struct ssi_keys_transcript right = { .protocol = SSI_KEYS_PROTOCOL }, t;
	uint8_t bits[sizeof(t)], tag[SSI_KEYS_LEN], expected[SSI_KEYS_LEN];
	unsigned int use = fuzz_below(input, SSI_KEYS_ACCEPTING + 1);
	bool same = use == SSI_KEYS_REQUEST;

	t = right;
	fuzz_take(input, bits, sizeof(bits));
	for (size_t i = 0; i < sizeof(bits); i++) {
		((uint8_t *)&t)[i] ^= bits[i];
		same = same && !bits[i];
	}
	ssi_keys_make(key, SSI_KEYS_REQUEST, &right, expected);
	ssi_keys_make(key, use, &t, tag);
	if (ssi_keys_match(tag, expected, sizeof(tag)) != same)
		fuzz_fail("a tag of use %u is %s", use, same ? "wrong" : "right");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(struct fuzz_input *input) = {
		read_hello, read_refusal, read_header, read_immediate, read_tag,
	};
	struct fuzz_input input = { data, size };

	do {
		readers[fuzz_below(&input, sizeof(readers) / sizeof(readers[0]))](&input);
	} while (input.size);
	return 0;
}
