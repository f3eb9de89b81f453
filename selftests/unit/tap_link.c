// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A host's interface as a card's link: vmm/virtio/tap.c. Makes an interface and
 * deletes it while the card uses it.
 */
#include "../../vmm/virtio/tap.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../vmm/log.h"
#include "libvmm.h"
#include "tap.h"

#define NAME		"ssi-unit0"
#define MTU		9000
#define TOOLS		"PATH=$PATH:/usr/sbin:/sbin "
#define DEADLINE_MS	10000

static unsigned int lost;

void net_receive(struct net *net, unsigned char *packet, size_t len)
{
	(void)net;
	(void)packet;
	(void)len;
}

void net_lose_link(struct net *net)
{
	(void)net;
	lost++;
}

/* As the card's thread does it, once. Return: what poll() does. */
static int run_link(struct net_link *link, int timeout)
{
	struct pollfd fd;
	unsigned int count = link->watch(link, &fd, 1, &timeout, false);
	int ready = poll(&fd, count, timeout);

	link->handle(link, NULL, &fd, count);
	return ready;
}

static void open_in_child(uint16_t mtu)
{
	struct net_options options = { .tap = NAME, .mtu = mtu };
	struct net_link *link = tap_open(&options);

	_exit(link->mtu == mtu ? 0 : EXIT_HOST);
}

/* The exit code of a process that opens the interface with an MTU. */
static int try_mtu(uint16_t mtu)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		open_in_child(mtu);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
	const struct net_options options = { .tap = NAME };
	struct net_link *link;

	if (system(TOOLS "ip tuntap add " NAME " mode tap 2>/dev/null"))
		tap_skip_all("this user cannot make an interface");
	tap_plan(6);
	if (system(TOOLS "ip link set " NAME " mtu 9000 up"))
		tap_bail("the interface cannot be set up");
	tap_ok(!try_mtu(1400), "a card may have a smaller MTU");
	tap_ok(try_mtu(MTU + 1) == EXIT_USAGE, "but no larger one");
	link = tap_open(&options);
	tap_ok(link->mtu == MTU, "a card has the MTU of its interface");
	tap_ok(!run_link(link, 0) && !lost, "it waits while there is nothing");
	if (system(TOOLS "ip link del " NAME))
		tap_bail("the interface cannot be deleted");
	tap_ok(run_link(link, DEADLINE_MS) == 1 && lost == 1 && libvmm_warnings == 1,
	       "it loses its link when the interface is deleted");
	tap_ok(!run_link(link, 0) && lost == 1 && libvmm_warnings == 1,
	       "and waits again");
	fflush(stdout);
	_exit(tap_exit());
}
