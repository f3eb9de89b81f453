// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections for nodes with the security tls: what ssi-vmm does for its node, without
 * handshake and certificates, for all nodes of this kernel.
 */
#include "libsecure.h"

#include <errno.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/genl.h"
#include "libcluster.h"
#include "libconf.h"
#include "selftests/unit/tap.h"

#ifndef SOL_TLS
#define SOL_TLS	282
#endif

static bool is_on;
static bool with_chacha;
static uint32_t keys_for;	/* enum ssi_dsm_security; 0: connections */
static uint32_t spoil_after;
static int connector;

void secure_nodes(bool secured)
{
	is_on = secured;
}

bool secure_is_on(void)
{
	return is_on;
}

void secure_use_keys(uint32_t security)
{
	keys_for = security;
}

uint32_t secure_kind(void)
{
	return keys_for ?: SSI_DSM_SECURITY_TLS;
}

/* ---- connections ---- */

static int listen_here(struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (fd < 0 || bind(fd, (struct sockaddr *)at, len) || listen(fd, 1) ||
	    getsockname(fd, (struct sockaddr *)at, &len)) {
		close(fd);
		return -1;
	}
	return fd;
}

int secure_pair(int fds[2])
{
	struct sockaddr_in at;
	int listener = listen_here(&at);

	fds[1] = -1;
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener >= 0 && fds[0] >= 0 &&
	    !connect(fds[0], (struct sockaddr *)&at, sizeof(at)))
		fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	if (fds[1] >= 0)
		return 0;
	close(fds[0]);
	return -1;
}

void secure_use_chacha(void)
{
	with_chacha = true;
}

static int set_key(int fd, int option, uint16_t version, const uint8_t key[32])
{
	struct tls12_crypto_info_aes_gcm_256 aes = {
		.info = { version, TLS_CIPHER_AES_GCM_256 },
	};
	struct tls12_crypto_info_chacha20_poly1305 chacha = {
		.info = { version, TLS_CIPHER_CHACHA20_POLY1305 },
	};

	memcpy(aes.key, key, sizeof(aes.key));
	memcpy(chacha.key, key, sizeof(chacha.key));
	if (with_chacha)
		return setsockopt(fd, SOL_TLS, option, &chacha, sizeof(chacha));
	return setsockopt(fd, SOL_TLS, option, &aes, sizeof(aes));
}

int secure_set_keys(int fd, const uint8_t secret[32], int end, uint16_t version,
		    uint32_t parts)
{
	uint8_t key[32];
	int i;

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")) &&
	    errno != EEXIST)
		return -errno;
	for (i = 0; i < 2; i++) {
		memcpy(key, secret, sizeof(key));
		key[0] ^= i ^ end;	/* each direction has its own */
		if ((parts & (i ? SECURE_RECEIVE : SECURE_SEND)) &&
		    set_key(fd, i ? TLS_RX : TLS_TX, version, key))
			return -errno;
	}
	return 0;
}

int secure_give(const char *cluster, uint32_t node, uint32_t peer, int fd)
{
	struct nl_msg *msg = conf_request(SSI_DSM_CMD_PEER_CONNECT);

	put_name(msg, cluster, node, SSI_DSM_A_PEER_ID, peer);
	nla_put_u32(msg, SSI_DSM_A_SOCKET, fd);
	return conf_send(msg);
}

int secure_give_key(const char *cluster, uint32_t node, uint32_t peer,
		    const uint8_t *key, uint32_t len)
{
	struct nl_msg *msg = conf_request(SSI_DSM_CMD_PEER_CONNECT);

	put_name(msg, cluster, node, SSI_DSM_A_PEER_ID, peer);
	nla_put(msg, SSI_DSM_A_KEY, len, key);
	return conf_send(msg);
}

/* ---- something between the nodes ---- */

void secure_spoil(uint32_t bytes)
{
	spoil_after = bytes;
}

static bool pass(int from, int to, uint32_t *passed)
{
	static uint8_t bytes[16384];
	ssize_t len = recv(from, bytes, sizeof(bytes), 0);

	if (len <= 0)
		return false;
	if (*passed < spoil_after && *passed + len >= spoil_after)
		bytes[spoil_after - *passed - 1] ^= 1;
	*passed += len;
	return send(to, bytes, len, MSG_NOSIGNAL) == len;
}

static void pass_bytes(int a, int b)
{
	struct pollfd wait[] = { { a, POLLIN, 0 }, { b, POLLIN, 0 } };
	uint32_t passed = 0;
	bool goes_on = true;

	while (goes_on && poll(wait, 2, -1) > 0) {
		if (wait[0].revents)
			goes_on = pass(a, b, &passed);
		if (goes_on && wait[1].revents)
			goes_on = pass(b, a, &passed);
	}
	_exit(0);
}

/* Two connections, with a process in the middle. */
static int spoiled_pair(int fds[2])
{
	int a[2], b[2];

	if (secure_pair(a))
		return -1;
	if (secure_pair(b)) {
		close(a[0]);
		close(a[1]);
		return -1;
	}
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(a[0]);
		close(b[1]);
		pass_bytes(a[1], b[0]);
	}
	close(a[1]);
	close(b[0]);
	fds[0] = a[0];
	fds[1] = b[1];
	return 0;
}

/* ---- the process that connects ---- */

static struct genl calls;

/* The key if nodes use keys, else the socket. */
static int give(const char *cluster, uint32_t node, uint32_t peer, int fd,
		const uint8_t key[32])
{
	struct nl_msg *msg = genl_request(SSI_DSM_CMD_PEER_CONNECT);
	int err;

	put_name(msg, cluster, node, SSI_DSM_A_PEER_ID, peer);
	if (keys_for)
		nla_put(msg, SSI_DSM_A_KEY, 32, key);
	else
		nla_put_u32(msg, SSI_DSM_A_SOCKET, fd);
	err = genl_call(&calls, msg, NULL, NULL);
	nlmsg_free(msg);
	return err;
}

/*
 * Why links changed their states, as the events said. The kernel's log leaves such
 * lines out if there are many.
 */
static char *reasons;
#define REASONS_MAX	(1u << 20)

static void note_reason(const char *reason)
{
	size_t len = strlen(reasons);

	if (reason)
		snprintf(reasons + len, REASONS_MAX - len, "%s\n", reason);
}

bool secure_saw(const char *reason)
{
	uint64_t deadline = now_ms() + DEADLINE_MS;

	while (!strstr(reasons, reason)) {
		if (now_ms() > deadline)
			return false;
		usleep(10000);
	}
	return true;
}

/* What is refused is asked for again. */
static void take_event(const struct genl_reply *reply, void *unused)
{
	const char *cluster = genl_string(reply, SSI_DSM_A_CLUSTER);
	uint32_t node = genl_u32(reply, SSI_DSM_A_NODE_ID);
	uint32_t peer = genl_u32(reply, SSI_DSM_A_PEER_ID);
	uint8_t secret[32];
	int fds[2];

	(void)unused;
	if (reply->cmd == SSI_DSM_CMD_PEER_GET)
		note_reason(genl_string(reply, SSI_DSM_A_REASON));
	if (reply->cmd != SSI_DSM_CMD_PEER_CONNECT)
		return;
	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return;
	if (keys_for) {	/* first the side that accepts, if it is here */
		if (!give(cluster, peer, node, -1, secret))
			give(cluster, node, peer, -1, secret);
		return;
	}
	if (spoil_after ? spoiled_pair(fds) : secure_pair(fds))
		return;
	if (!secure_set_keys(fds[0], secret, 0, TLS_1_3_VERSION,
			     SECURE_SEND | SECURE_RECEIVE) &&
	    !secure_set_keys(fds[1], secret, 1, TLS_1_3_VERSION,
			     SECURE_SEND | SECURE_RECEIVE)) {
		give(cluster, peer, node, fds[1], secret);
		give(cluster, node, peer, fds[0], secret);
	}
	close(fds[0]);
	close(fds[1]);
}

static void connect_for_ever(int started)
{
	struct genl events;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	if (genl_open(&calls) || genl_open(&events) || genl_subscribe(&events))
		_exit(1);
	if (write(started, "", 1) != 1)
		_exit(1);
	for (;;)
		genl_receive(&events, take_event, NULL);
}

static void need_tls(void)
{
	uint8_t secret[32] = { };
	int fds[2];
	int ret;

	if (secure_pair(fds))
		tap_bail("no TCP connection over lo: %s", strerror(errno));
	ret = secure_set_keys(fds[0], secret, 0, TLS_1_3_VERSION, SECURE_SEND);
	close(fds[0]);
	close(fds[1]);
	if (ret)
		tap_bail("the kernel has no TLS for sockets: %s",
			 strerror(-ret));
}

void secure_end(void)
{
	kill(connector, SIGKILL);
	waitpid(connector, NULL, 0);
}

void secure_begin(void)
{
	int started[2];
	char byte;

	need_tls();
	is_on = true;
	reasons = mmap(NULL, REASONS_MAX, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (reasons == MAP_FAILED)
		tap_bail("no memory");
	fflush(NULL);
	if (pipe(started))
		tap_bail("no pipe: %s", strerror(errno));
	connector = fork();
	if (!connector) {
		close(started[0]);
		connect_for_ever(started[1]);
	}
	close(started[1]);
	if (connector < 0 || read(started[0], &byte, 1) != 1)
		tap_bail("the process that connects does not start");
	close(started[0]);
}
