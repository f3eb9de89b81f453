// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tags and keys of connections over rdma. The right values were made by another
 * program (Python's hmac), from the description in protocol.rst.
 */
#include "net/keys.h"
#include "tap.h"

static const struct {
	enum ssi_keys_purpose purpose;
	const char *name;
	const char *hex;
} vectors[] = {
	{ SSI_KEYS_REQUEST, "tag of a request", "79b87597e3437f219930907ea0c65578e9b5a58f3bce1effb6f9e4c4139fdae7" },
	{ SSI_KEYS_REFUSAL, "tag of a refusal", "6e7d63fc11a29f991aa4b54ce633fd54e47502d3941b16cd11ea800f641cf3cc" },
	{ SSI_KEYS_ANSWER, "tag of an answer", "dcf8db038d13f0bb38789d0122f15f569d34b62c0bdeeb7d946a766c9d3df121" },
	{ SSI_KEYS_PROOF, "proof", "9ccb4b7e21c82dcc13088d0812389361769bd1fb219963f780caa3957da97ed9" },
	{ SSI_KEYS_CONNECTING, "key of the side that connects", "207f1bdb1d78fa36eb83f9ded6dd7e06c50fda06ca64fd84e9f66edaa1f6ac6f" },
	{ SSI_KEYS_ACCEPTING, "key of the other side", "18c15da42c2358965fadbaf20cd214eb2799a0af9434bebcd67f292f938ca3cf" },
};

static void count_up(u8 *bytes, u32 len, u8 first)
{
	while (len--)
		*bytes++ = first++;
}

static bool is_hex(const u8 *bytes, const char *hex)
{
	char text[2 * SSI_KEYS_LEN + 1] = "";

	for (int i = 0; i < SSI_KEYS_LEN; i++)
		sprintf(&text[2 * i], "%02x", bytes[i]);
	return !strcmp(text, hex);
}

static struct ssi_keys_transcript make_transcript(void)
{
	struct ssi_keys_transcript t = {
		.protocol = SSI_KEYS_PROTOCOL,
		.cluster = "vectors",
		.security = cpu_to_le32(1),
		.qp = { cpu_to_le32(0x11), cpu_to_le32(0x12) },
	};
	u64 cluster = ssi_wire_hash(0, "vectors", 7);

	ssi_wire_hello_encode(&t.hello[0], cluster, 1, 0, 248);
	ssi_wire_hello_continue(&t.hello[0], 7, 9, 3);
	ssi_wire_hello_encode(&t.hello[1], cluster, 0, 1, 248);
	ssi_wire_hello_continue(&t.hello[1], 9, 7, 5);
	t.hello[0].version = cpu_to_le16(6);
	t.hello[1].version = cpu_to_le16(6);
	count_up(t.nonce, sizeof(t.nonce), 0x40);
	count_up(t.answer_nonce, sizeof(t.answer_nonce), 0x80);
	return t;
}

/* Each bit of the transcript changes each result. */
static bool all_bits_count(const u8 *key, enum ssi_keys_purpose purpose)
{
	struct ssi_keys_transcript t = make_transcript();
	u8 right[SSI_KEYS_LEN], other[SSI_KEYS_LEN];

	ssi_keys_make(key, purpose, &t, right);
	for (u32 bit = 0; bit < 8 * sizeof(t); bit++) {
		((u8 *)&t)[bit / 8] ^= 1 << bit % 8;
		ssi_keys_make(key, purpose, &t, other);
		((u8 *)&t)[bit / 8] ^= 1 << bit % 8;
		if (ssi_keys_match(right, other, SSI_KEYS_SHORT))
			return false;
	}
	return true;
}

int main(void)
{
	struct ssi_keys_transcript t = make_transcript();
	u8 key[SSI_KEYS_LEN], out[SSI_KEYS_LEN];

	tap_plan(2 + 2 * ARRAY_SIZE(vectors));
	count_up(key, sizeof(key), 0);
	ssi_keys_hmac(key, "what is signed", 14, out);
	tap_ok(is_hex(out, "ba8a06f8fb7a5679043a177e7106ab60906972095e6e8a4900c4601a4819708c"),
	       "HMAC-SHA256");
	for (u32 i = 0; i < ARRAY_SIZE(vectors); i++) {
		ssi_keys_make(key, vectors[i].purpose, &t, out);
		tap_ok(is_hex(out, vectors[i].hex), "%s", vectors[i].name);
		tap_ok(all_bits_count(key, vectors[i].purpose),
		       "%s: each bit of the transcript counts", vectors[i].name);
	}
	memcpy(key, out, sizeof(key));
	key[SSI_KEYS_LEN - 1] ^= 1;
	tap_ok(ssi_keys_match(out, key, SSI_KEYS_LEN - 1) &&
	       !ssi_keys_match(out, key, SSI_KEYS_LEN), "tags match to the last byte only");
	return tap_exit();
}
