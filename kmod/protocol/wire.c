// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding and validation of messages between nodes.
 *
 * The module never trusts a message of a peer: ssi_wire_parse() refuses each
 * message that is not exactly in the form that ssi_wire_encode() produces.
 */
#include "protocol/wire.h"

/* The fields that a message type uses; all other fields must be 0. */
enum {
	USES_PAGE = 1 << 0,	/* region, life, index, token */
	USES_REGION = 1 << 1,	/* region */
	USES_REQUESTER = 1 << 2,
	USES_ARG = 1 << 3,
	USES_ACKS = 1 << 4,	/* arg is a number of nodes */
	USES_SIZE = 1 << 5,
	USES_TIME = 1 << 6,
	HAS_DATA = 1 << 7,	/* payload of exactly one page */
	HAS_PAYLOAD = 1 << 8,	/* 1 .. SSI_WIRE_PAYLOAD_MAX bytes */
	USES_LIFE = 1 << 9,
	USES_OWN_LIFE = 1 << 10,	/* not 0 */
	USES_VERSION = 1 << 11,
	IS_REQUEST = USES_PAGE | USES_REQUESTER | USES_TIME | USES_VERSION,
};

static const struct {
	const char *name;
	u16 uses;
} types[SSI_WIRE_TYPES] = {
	[SSI_WIRE_CREDIT] = { "CREDIT", 0 },
	[SSI_WIRE_PING] = { "PING", 0 },
	[SSI_WIRE_REGION] = { "REGION", USES_REGION | USES_LIFE | USES_OWN_LIFE |
					USES_ARG | USES_SIZE },
	[SSI_WIRE_LEAVE] = { "LEAVE", USES_REGION | USES_OWN_LIFE |
				      USES_REQUESTER },
	[SSI_WIRE_CHANNEL] = { "CHANNEL", USES_REGION | USES_LIFE | HAS_PAYLOAD },
	[SSI_WIRE_GETS] = { "GETS", IS_REQUEST },
	[SSI_WIRE_GETX] = { "GETX", IS_REQUEST },
	[SSI_WIRE_UPGRADE] = { "UPGRADE", IS_REQUEST },
	[SSI_WIRE_PUT] = { "PUT", USES_PAGE | USES_VERSION },
	[SSI_WIRE_FWDS] = { "FWDS", IS_REQUEST },
	[SSI_WIRE_FWDX] = { "FWDX", IS_REQUEST | USES_ACKS },
	[SSI_WIRE_INV] = { "INV", IS_REQUEST },
	[SSI_WIRE_OLDER] = { "OLDER", IS_REQUEST },
	[SSI_WIRE_DATAS] = { "DATAS", USES_PAGE | USES_TIME | HAS_DATA },
	[SSI_WIRE_DATAX] = { "DATAX", USES_PAGE | USES_ACKS | USES_TIME |
				      HAS_DATA },
	[SSI_WIRE_GRANT] = { "GRANT", USES_PAGE | USES_ACKS },
	[SSI_WIRE_ZERO] = { "ZERO", USES_PAGE },
	[SSI_WIRE_ACK] = { "ACK", USES_PAGE | USES_TIME },
	[SSI_WIRE_UNBLOCK] = { "UNBLOCK", USES_PAGE | USES_REQUESTER |
					  USES_VERSION },
	[SSI_WIRE_BYE] = { "BYE", 0 },
	[SSI_WIRE_MOVE] = { "MOVE", USES_PAGE | USES_REQUESTER | USES_VERSION },
	[SSI_WIRE_HOME] = { "HOME", USES_PAGE | USES_ARG | USES_VERSION |
				    HAS_DATA },
	[SSI_WIRE_UNDERWAY] = { "UNDERWAY", IS_REQUEST | USES_ARG },
	[SSI_WIRE_MOVED] = { "MOVED", USES_PAGE | USES_VERSION },
};

const char *ssi_wire_type_name(enum ssi_wire_type type)
{
	return type < SSI_WIRE_TYPES ? types[type].name : "?";
}

/* FNV-1a hash of @data, continued from @seed (0 to begin). */
u64 ssi_wire_hash(u64 seed, const void *data, size_t len)
{
	const u8 *p = data;
	u64 hash = seed ? seed : 0xcbf29ce484222325ull;

	while (len--)
		hash = (hash ^ *p++) * 0x100000001b3ull;
	return hash;
}

void ssi_wire_encode(struct ssi_wire *wire, const struct ssi_msg *msg)
{
	memset(wire, 0, sizeof(*wire));
	wire->type = msg->type;
	wire->src = msg->src;
	wire->dst = msg->dst;
	wire->requester = msg->requester;
	wire->len = cpu_to_le32(msg->len);
	wire->region = cpu_to_le32(msg->region);
	wire->token = cpu_to_le32(msg->token);
	wire->index = cpu_to_le64(msg->index);
	wire->arg = cpu_to_le64(msg->arg);
	wire->size = cpu_to_le64(msg->size);
	wire->time = cpu_to_le32(msg->time);
	wire->life = cpu_to_le32(msg->life);
	wire->own_life = cpu_to_le32(msg->own_life);
	wire->version = cpu_to_le32(msg->version);
}

/*
 * Whether the page can be sent headerless: the receiver waits for the page, and
 * @imm tells it all that @wire does.
 */
bool ssi_wire_can_be_headerless(const struct ssi_wire *wire, u32 *imm)
{
	u32 token = le32_to_cpu(wire->token);

	*imm = token | (wire->type == SSI_WIRE_DATAX ? SSI_WIRE_IMM_DATAX : 0);
	return (wire->type == SSI_WIRE_DATAS || wire->type == SSI_WIRE_DATAX) &&
	       !wire->arg && !wire->time && token <= SSI_WIRE_TOKEN_MAX;
}

/*
 * Make the header of a headerless page from @imm. Region, index and life remain
 * 0; the receiver knows them.
 */
void ssi_wire_expand(struct ssi_wire *wire, u32 imm, u32 src, u32 dst)
{
	const struct ssi_msg msg = {
		.type = imm & SSI_WIRE_IMM_DATAX ? SSI_WIRE_DATAX :
						       SSI_WIRE_DATAS,
		.src = src,
		.dst = dst,
		.len = SSI_WIRE_PAYLOAD_MAX,
		.token = imm & SSI_WIRE_TOKEN_MAX,
	};

	ssi_wire_encode(wire, &msg);
}

static bool fields_fit(const struct ssi_msg *msg, u32 uses)
{
	if (!(uses & (USES_PAGE | USES_REGION)) && msg->region)
		return false;
	if (!(uses & USES_PAGE) && (msg->index || msg->token))
		return false;
	if (!(uses & (USES_PAGE | USES_LIFE)) && msg->life)
		return false;
	if (!(uses & USES_OWN_LIFE) != !msg->own_life)
		return false;
	if (!(uses & USES_REQUESTER) && msg->requester)
		return false;
	if (!(uses & (USES_ARG | USES_ACKS)) && msg->arg)
		return false;
	if (!(uses & USES_TIME) && msg->time)
		return false;
	if (!(uses & USES_VERSION) && msg->version)
		return false;
	return (uses & USES_SIZE) || !msg->size;
}

static bool length_fits(u32 len, u32 uses)
{
	if (uses & HAS_DATA)
		return len == SSI_WIRE_PAYLOAD_MAX;
	if (uses & HAS_PAYLOAD)
		return len && len <= SSI_WIRE_PAYLOAD_MAX;
	return !len;
}

static bool is_zero(const u8 *p, size_t len)
{
	while (len--)
		if (*p++)
			return false;
	return true;
}

/**
 * ssi_wire_parse() - validate a message and convert it to host byte order
 * @wire: the header as received
 * @payload: number of bytes of payload that arrived
 * @src: the node at the other end of the link
 * @dst: the local node
 * @msg: result
 *
 * The caller must check that the region exists and that the index is inside it.
 * The field credits belongs to the transport and is not checked here.
 *
 * Return: 0 or -EPROTO.
 */
int ssi_wire_parse(const struct ssi_wire *wire, u32 payload, u32 src, u32 dst,
		   struct ssi_msg *msg)
{
	u32 uses;

	if (wire->type >= SSI_WIRE_TYPES || wire->src != src ||
	    wire->dst != dst || !is_zero(wire->zero, sizeof(wire->zero)))
		return -EPROTO;
	*msg = (struct ssi_msg){
		.type = wire->type,
		.src = wire->src,
		.dst = wire->dst,
		.requester = wire->requester,
		.len = le32_to_cpu(wire->len),
		.region = le32_to_cpu(wire->region),
		.token = le32_to_cpu(wire->token),
		.index = le64_to_cpu(wire->index),
		.arg = le64_to_cpu(wire->arg),
		.size = le64_to_cpu(wire->size),
		.time = le32_to_cpu(wire->time),
		.life = le32_to_cpu(wire->life),
		.own_life = le32_to_cpu(wire->own_life),
		.version = le32_to_cpu(wire->version),
	};
	uses = types[msg->type].uses;
	if (msg->len != payload || !length_fits(payload, uses) ||
	    !fields_fit(msg, uses))
		return -EPROTO;
	if ((uses & USES_REQUESTER) && msg->requester >= SSI_DSM_MAX_NODES)
		return -EPROTO;
	if ((uses & USES_ACKS) && msg->arg >= SSI_DSM_MAX_NODES)
		return -EPROTO;
	return 0;
}

void ssi_wire_hello_encode(struct ssi_wire_hello *hello, u64 cluster, u32 src,
			   u32 dst, u32 credits)
{
	*hello = (struct ssi_wire_hello){
		.magic = cpu_to_le32(SSI_WIRE_MAGIC),
		.version = cpu_to_le16(SSI_WIRE_VERSION),
		.src = src,
		.dst = dst,
		.cluster = cpu_to_le64(cluster),
		.credits = cpu_to_le32(credits),
	};
}

void ssi_wire_hello_continue(struct ssi_wire_hello *hello, u32 life,
			     u32 peer_life, u64 received)
{
	hello->life = cpu_to_le32(life);
	hello->peer_life = cpu_to_le32(peer_life);
	hello->received = cpu_to_le64(received);
}

/**
 * ssi_wire_hello_check() - check that a hello is valid and meant for this node
 * @hello: the hello as received, @len bytes, or NULL
 * @len: must be at least the size of a hello (private data may be padded)
 * @cluster: hash of the name of our cluster
 * @dst: our node id
 *
 * The caller must check that the sender is a peer of this node.
 *
 * Return: SSI_REFUSED_NOT, or the reason of the refusal.
 */
enum ssi_refusal ssi_wire_hello_check(const struct ssi_wire_hello *hello,
				      size_t len, u64 cluster, u32 dst)
{
	if (!hello || len < sizeof(*hello) || hello->zero ||
	    le32_to_cpu(hello->magic) != SSI_WIRE_MAGIC)
		return SSI_REFUSED_MAGIC;
	if (le16_to_cpu(hello->version) != SSI_WIRE_VERSION)
		return SSI_REFUSED_VERSION;
	if (le64_to_cpu(hello->cluster) != cluster)
		return SSI_REFUSED_CLUSTER;
	if (hello->dst != dst)
		return SSI_REFUSED_DST;
	if (hello->src >= SSI_DSM_MAX_NODES || hello->src == dst)
		return SSI_REFUSED_SRC;
	if (!hello->life)
		return SSI_REFUSED_MAGIC;
	return SSI_REFUSED_NOT;
}

static const char *const refusals[SSI_REFUSED_MAX] = {
	[SSI_REFUSED_NOT] = "not refused",
	[SSI_REFUSED_MAGIC] = "it does not speak our protocol",
	[SSI_REFUSED_VERSION] = "the protocol versions of the modules differ",
	[SSI_REFUSED_CLUSTER] = "it belongs to a cluster of another name",
	[SSI_REFUSED_DST] = "the node at that address has another node id",
	[SSI_REFUSED_SRC] = "it has no peer with our node id",
	[SSI_REFUSED_BUSY] = "a node with our id is already connected to it",
	[SSI_REFUSED_ADDR] = "it knows our node by another address than the one we come from",
	[SSI_REFUSED_PORT] = "we do not come from a port below 1024",
	[SSI_REFUSED_LIFE] = "it has restarted",
	[SSI_REFUSED_LOST] = "it has given up the link to our node",
	[SSI_REFUSED_MTU] = "our packets would be longer than its MTU",
};

const char *ssi_wire_refusal_text(enum ssi_refusal refusal)
{
	return refusal < SSI_REFUSED_MAX ? refusals[refusal] :
					   "it refused for an unknown reason";
}
