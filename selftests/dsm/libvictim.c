// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A node of this kernel that fake nodes talk to, and its neighbour.
 */
#include "libvictim.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftests/unit/tap.h"

static struct cluster network = {
	.name = CLUSTER, .transport = SSI_DSM_TRANSPORT_RDMA,
};

static int files[2];
static volatile uint64_t *words[2];	/* the same page, on both nodes */

static void must(int ret, const char *what)
{
	if (ret)
		tap_bail("%s: %s%s%s", what, strerror(-ret),
			 *conf_text() ? ": " : "", conf_text());
}

static void make_node(uint32_t node, uint32_t peer, const struct part *map)
{
	must(node_new(CLUSTER, node, network.transport,
		      cluster_addr(&network, node)), "a node");
	must(peer_new(CLUSTER, node, peer, cluster_addr(&network, peer), 0),
	     "a peer");
	must(region_new(CLUSTER, node, OTHER_REGION, map, 2), "a region");
}

static volatile uint64_t *map_other(uint32_t node, int *fd)
{
	void *mem;

	*fd = attach_region(CLUSTER, node, OTHER_REGION, 0);
	mem = *fd < 0 ? NULL : map_region(*fd, 2 * PART);
	if (!mem)
		tap_bail("node %u cannot map its region", node);
	return mem;
}

bool victim_uses_tcp(void)
{
	return network.transport == SSI_DSM_TRANSPORT_TCP;
}

void victim_make(const char *transport)
{
	const struct part map[] = { { VICTIM, PART }, { NEIGHBOUR, PART } };

	if (transport && !strcmp(transport, "tcp"))
		network.transport = SSI_DSM_TRANSPORT_TCP;
	else if (transport && strcmp(transport, "rdma"))
		tap_bail("the transport is rdma or tcp, not %s", transport);
	conf_need();
	if (!cluster_addr(&network, HIGH))
		tap_skip_all("SSI_ADDR_%u is not set: run it in a virtual host",
			     HIGH);
	make_node(VICTIM, NEIGHBOUR, map);
	make_node(NEIGHBOUR, VICTIM, map);
	words[0] = map_other(VICTIM, &files[0]);
	words[1] = map_other(NEIGHBOUR, &files[1]);
	if (!wait_region(CLUSTER, VICTIM, OTHER_REGION, SSI_DSM_REGION_READY,
			 NULL) ||
	    !wait_region(CLUSTER, NEIGHBOUR, OTHER_REGION, SSI_DSM_REGION_READY,
			 NULL))
		tap_bail("the region of the victim and its neighbour is not ready");
}

void victim_delete(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		munmap((void *)words[i], 2 * PART);
		close(files[i]);
	}
	must(node_del(CLUSTER, VICTIM), "deletion of the victim");
	must(node_del(CLUSTER, NEIGHBOUR), "deletion of the neighbour");
}

bool neighbour_is_well(void)
{
	static uint64_t count;
	struct region_info info;
	int i;

	/* A lost region would answer with SIGBUS. */
	must(region_get(CLUSTER, NEIGHBOUR, OTHER_REGION, &info), "a region");
	if (info.state != SSI_DSM_REGION_READY) {
		tap_diag("the neighbour's region: %s", info.reason);
		return false;
	}
	for (i = 0; i < 2; i++) {
		*words[i] = ++count;
		if (*words[!i] == count)
			continue;
		tap_diag("victim and neighbour do not read what the other wrote");
		return false;
	}
	return true;
}

struct fake fake_node(uint32_t id)
{
	return (struct fake){
		.id = id,
		.peer = VICTIM,
		.cluster = ssi_wire_hash(0, CLUSTER, strlen(CLUSTER)),
		.tcp = victim_uses_tcp(),
		.addr = cluster_addr(&network, id),
		.peer_addr = cluster_addr(&network, VICTIM),
	};
}

void victim_meet(const struct fake *f)
{
	victim_meet_grace(f, 0);
}

void victim_meet_grace(const struct fake *f, uint32_t grace_ms)
{
	const struct part map[] = { { VICTIM, PART }, { f->id, PART } };

	must(peer_new_grace(CLUSTER, VICTIM, f->id, f->addr, grace_ms), "a peer");
	must(region_new(CLUSTER, VICTIM, REGION, map, 2), "a region");
}

void victim_part(const struct fake *f)
{
	must(region_del(CLUSTER, VICTIM, REGION), "deletion of a region");
	must(peer_del(CLUSTER, VICTIM, f->id), "deletion of a peer");
}

bool fake_join(struct fake *f)
{
	struct ssi_msg msg;

	if (fake_hear(f, SSI_WIRE_REGION, &msg))
		return false;
	/* The victim's announcement is right for this side, too. */
	f->life = msg.own_life;
	msg.life = f->life;
	msg.own_life = FAKE_LIFE;
	return !fake_say(f, &msg) &&
	       wait_region(CLUSTER, VICTIM, REGION, SSI_DSM_REGION_READY, NULL);
}

bool fake_befriend(struct fake *f, uint32_t credits)
{
	struct ssi_wire_hello hello = fake_hello(f);
	int ret;

	hello.credits = htole32(credits);
	ret = fake_connect(f, &hello, sizeof(hello));
	if (ret)
		tap_diag("the victim refuses the fake node: %d", ret);
	return !ret && wait_peer(CLUSTER, VICTIM, f->id, SSI_DSM_LINK_UP, NULL) &&
	       fake_join(f);
}

bool victim_lost(const struct fake *f, const char *reason)
{
	char text[256];

	snprintf(text, sizeof(text), "lost node %u: %s", f->id, reason);
	return wait_peer(CLUSTER, VICTIM, f->id, SSI_DSM_LINK_LOST, reason) &&
	       wait_region(CLUSTER, VICTIM, REGION, SSI_DSM_REGION_LOST, text);
}

int victim_write(uint64_t index)
{
	int pid, fd;
	uint8_t *mem;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	fd = attach(CLUSTER, VICTIM, SSI_DSM_ATTACH_NO_CHANNEL);
	mem = fd < 0 ? NULL : map_region(fd, 2 * PART);
	if (!mem)
		_exit(1);
	if (is_sigbus(mem + index * PAGE, true))
		_exit(0);
	for (;;)
		pause();
}

bool victim_got_sigbus(int pid)
{
	return !reap(pid, now_ms() + DEADLINE_MS, "the program that waits for a page");
}
