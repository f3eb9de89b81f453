// SPDX-License-Identifier: GPL-2.0-or-later
/* What the runner does to ssi-vmm while a guest runs, and afterwards. */
#include "drive.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_S		20	/* for what has to come */
#define IDLE_S		1
#define IDLE_SHARE	0.3	/* of a CPU, while nothing happens */
#define STOPPED_S	8
#define PAUSES		2
#define PAUSE_S		3
#define CONNECTIONS	540
#define DISK_BYTE	0xa5

static void wait_for(struct trial *trial, const char *text)
{
	if (!vmm_until(&trial->vmms[0], text, WAIT_S))
		trial_fail(trial, "the guest does not say \"%s\"", text);
}

static void end(struct trial *trial)
{
	kill(trial->vmms[0].pid, SIGHUP);
}

/* How much of a CPU it uses. */
static void measure_idle(struct trial *trial)
{
	struct vmm *vmm = &trial->vmms[0];
	double before = vmm_cpu_seconds(vmm), used;

	if (vmm_ends(vmm, IDLE_S))
		return;		/* which the exit code tells */
	used = vmm_cpu_seconds(vmm) - before;
	if (used > IDLE_SHARE * IDLE_S)
		trial_fail(trial, "ssi-vmm has used %.2f s of CPU in %d s while nothing happened",
			   used, IDLE_S);
}

void drive_idle(struct trial *trial)
{
	wait_for(trial, "idle");
	measure_idle(trial);
	end(trial);
}

void drive_tap_deletion(struct trial *trial)
{
	static const char *const words[] = {
		"ip", "link", "del", TRIAL_TAP, NULL,
	};

	wait_for(trial, "up");
	if (trial_command(words))
		trial_fail(trial, "the interface cannot be deleted");
	drive_idle(trial);
}

/* A socket for all packets of the tap, whose MTU becomes 9000; or -1. */
static int open_tap(void)
{
	static const char *const words[] = {
		"ip", "link", "set", TRIAL_TAP, "mtu", "9000", NULL,
	};
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(TRIAL_TAP),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	if (trial_command(words) || fd < 0 ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Return: whether a packet of that size comes in; the host's own go out. */
static bool comes_in(int fd, size_t wanted)
{
	static unsigned char packet[70000];
	double end = vmm_now() + WAIT_S;
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct sockaddr_ll from;
	socklen_t len;

	while (vmm_now() < end && poll(&wait, 1, WAIT_S * 1000) == 1) {
		ssize_t got;

		len = sizeof(from);
		got = recvfrom(fd, packet, sizeof(packet), 0,
			       (struct sockaddr *)&from, &len);
		if (got == (ssize_t)wanted && from.sll_pkttype != PACKET_OUTGOING)
			return true;
	}
	return false;
}

void drive_large_packets(struct trial *trial)
{
	unsigned char packet[DRIVE_LARGE] = { 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8 };
	int fd = open_tap();

	packet[12] = 0x88;	/* for experiments (IEEE 802) */
	packet[13] = 0xb5;
	wait_for(trial, "up");
	if (fd < 0 || write(fd, packet, sizeof(packet)) != sizeof(packet))
		trial_fail(trial, "a packet of %d bytes cannot be sent", DRIVE_LARGE);
	else if (!comes_in(fd, DRIVE_LARGE))
		trial_fail(trial, "a packet of %d bytes does not come back", DRIVE_LARGE);
	else if (!comes_in(fd, DRIVE_SEGMENTS))
		trial_fail(trial, "segments of %d bytes do not come", DRIVE_SEGMENTS);
	close(fd);
}

/* Wait until the pipe takes no more, and some longer. */
static bool is_full(struct trial *trial)
{
	struct pollfd wait = { .fd = trial->pipe[1], .events = POLLOUT };
	double end = vmm_now() + WAIT_S;

	while (poll(&wait, 1, 0) == 1 && vmm_now() < end)
		vmm_tick();
	return !poll(&wait, 1, 0) && !vmm_ends(&trial->vmms[0], IDLE_S);
}

void drive_blocked_console(struct trial *trial)
{
	struct vmm *vmm = &trial->vmms[0];

	if (!is_full(trial)) {
		trial_fail(trial, "the guest does not fill the pipe");
		return;
	}
	kill(vmm->pid, SIGTERM);
	if (vmm_ends(vmm, IDLE_S))
		trial_fail(trial, "the first SIGTERM has ended it");
	kill(vmm->pid, SIGTERM);
}

/* ---- connections ------------------------------------------------------------ */

/* Return: a connection, or -1 if there is none within some seconds. */
static int connect_to_guest(void)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(DRIVE_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err = 0;

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) &&
	    (errno != EINPROGRESS || poll(&wait, 1, WAIT_S * 1000) != 1 ||
	     getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) || err)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The other end has closed it, one way or another. */
static bool is_closed(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&wait, 1, WAIT_S * 1000) == 1 && read(fd, &byte, 1) <= 0;
}

void drive_reset(struct trial *trial)
{
	int fd;

	wait_for(trial, "listening");
	fd = connect_to_guest();
	if (fd < 0)
		trial_fail(trial, "the forwarded port takes no connection");
	else if (!is_closed(fd))
		trial_fail(trial, "the connection is still there after the reset");
	if (fd >= 0)
		close(fd);
	end(trial);
}

/* A node that has just begun again can be ended, since the others have too. */
void drive_reset_loop(struct trial *trial)
{
	struct vmm *vmm = &trial->vmms[0];
	char *said;
	size_t len;

	if (!vmm_until_logged(vmm, "times in sequence", WAIT_S * 2))
		trial_fail(trial, "the log does not tell the loop");
	said = vmm_text(vmm->said);
	len = strlen(said);
	free(said);
	for (double end = vmm_now() + WAIT_S; vmm_now() < end; vmm_tick()) {
		size_t now;

		said = vmm_text(vmm->said);
		now = strlen(said);
		free(said);
		if (now > len)
			break;
	}
	kill(vmm->pid, SIGHUP);
}

/* The guest has taken it, too. */
static bool is_answered(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&wait, 1, WAIT_S * 1000) == 1 && read(fd, &byte, 1) == 1;
}

void drive_many_connections(struct trial *trial)
{
	static int fds[CONNECTIONS];
	unsigned int count = 0;

	wait_for(trial, "listening");
	while (count < CONNECTIONS && (fds[count] = connect_to_guest()) >= 0 &&
	       is_answered(fds[count]))
		count++;
	if (count < CONNECTIONS)
		trial_fail(trial, "%u connections are possible, of %d", count,
			   CONNECTIONS);
	while (count)
		close(fds[--count]);
	end(trial);
}

void drive_stopped_node(struct trial *trial)
{
	pid_t guest;

	wait_for(trial, "writing");
	guest = vmm_guest(&trial->vmms[0]);
	if (!guest) {
		trial_fail(trial, "node 0 has no guest's process");
		return;
	}
	kill(guest, SIGSTOP);
	vmm_ends(&trial->vmms[1], STOPPED_S);
	kill(guest, SIGCONT);
}

void drive_growth(struct trial *trial)
{
	struct vmm *vmm = &trial->vmms[0];

	wait_for(trial, "waiting");
	if (truncate("disk.img", DRIVE_GROWN))
		trial_fail(trial, "the image cannot be made longer");
	for (unsigned int i = 0; i < 2; i++) {
		kill(vmm->pid, SIGCONT);
		vmm_ends(vmm, 0.1);
	}
}

void drive_check_disk(struct trial *trial)
{
	FILE *file = fopen("disk.img", "r");
	int byte;

	if (!file) {
		trial_fail(trial, "the disk has gone");
		return;
	}
	while ((byte = getc(file)) == DISK_BYTE)
		;
	if (byte != EOF)
		trial_fail(trial, "something was written to the disk");
	fclose(file);
}

/* Ask a node by its control socket. Return: whether the answer has @text. */
static bool asks(unsigned int node, const char *request, const char *text)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[1024] = "";
	size_t len = 0;
	ssize_t got;

	snprintf(to.sun_path, sizeof(to.sun_path), "control.%u", node);
	if (!connect(fd, (const struct sockaddr *)&to, sizeof(to)) &&
	    dprintf(fd, "%s HTTP/1.1\r\n\r\n", request) > 0)
		while (len < sizeof(answer) - 1 &&
		       (got = read(fd, answer + len,
				   sizeof(answer) - 1 - len)) > 0)
			len += got;
	close(fd);
	return strstr(answer, text);
}

static void wait_for_state(struct trial *trial, unsigned int node,
			   const char *state)
{
	double end = vmm_now() + WAIT_S;

	while (!asks(node, "GET /state", state)) {
		if (vmm_now() > end) {
			trial_fail(trial, "the state of node %u is not %s", node,
				   state);
			return;
		}
		vmm_tick();
	}
}

static void order(struct trial *trial, unsigned int node, const char *request,
		  const char *state)
{
	if (!asks(node, request, "202 Accepted"))
		trial_fail(trial, "node %u does not take %s", node, request);
	else
		for (unsigned int each = 0; each < 2; each++)
			wait_for_state(trial, each, state);
}

void drive_pauses(struct trial *trial)
{
	wait_for(trial, "turns");
	for (unsigned int i = 0; i < PAUSES && !trial->why[0]; i++) {
		order(trial, i % 2, "POST /pause", "\"paused\"");
		vmm_ends(&trial->vmms[0], PAUSE_S);
		order(trial, !(i % 2), "POST /resume", "\"running\"");
	}
}
