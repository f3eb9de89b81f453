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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/genl.h"
#include "libconf.h"
#include "selftests/unit/tap.h"

#ifndef SOL_TLS
#define SOL_TLS	282
#endif

static bool is_on;

void secure_nodes(bool secured)
{
	is_on = secured;
}

bool secure_is_on(void)
{
	return is_on;
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

int secure_set_keys(int fd, const uint8_t secret[32], int end, uint16_t version,
		    uint32_t parts)
{
	struct tls12_crypto_info_aes_gcm_256 keys = {
		.info = { .version = version,
			  .cipher_type = TLS_CIPHER_AES_GCM_256 },
	};
	int i;

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")) &&
	    errno != EEXIST)
		return -errno;
	for (i = 0; i < 2; i++) {
		memcpy(keys.key, secret, sizeof(keys.key));
		/* each direction has its own: the one that end 0 sends in, ... */
		keys.key[0] ^= i ^ end;
		if ((parts & (i ? SECURE_RECEIVE : SECURE_SEND)) &&
		    setsockopt(fd, SOL_TLS, i ? TLS_RX : TLS_TX, &keys,
			       sizeof(keys)))
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

/* ---- the process that connects ---- */

static struct genl calls;

static void give(const char *cluster, uint32_t node, uint32_t peer, int fd)
{
	struct nl_msg *msg = genl_request(SSI_DSM_CMD_PEER_CONNECT);

	put_name(msg, cluster, node, SSI_DSM_A_PEER_ID, peer);
	nla_put_u32(msg, SSI_DSM_A_SOCKET, fd);
	genl_call(&calls, msg, NULL, NULL);
	nlmsg_free(msg);
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
	if (reply->cmd != SSI_DSM_CMD_PEER_CONNECT || secure_pair(fds))
		return;
	if (getrandom(secret, sizeof(secret), 0) == sizeof(secret) &&
	    !secure_set_keys(fds[0], secret, 0, TLS_1_3_VERSION,
			     SECURE_SEND | SECURE_RECEIVE) &&
	    !secure_set_keys(fds[1], secret, 1, TLS_1_3_VERSION,
			     SECURE_SEND | SECURE_RECEIVE)) {
		give(cluster, peer, node, fds[1]);
		give(cluster, node, peer, fds[0]);
	}
	close(fds[0]);
	close(fds[1]);
}

static void connect_for_ever(int started)
{
	struct genl events;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
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

void secure_begin(void)
{
	int started[2];
	char byte;
	int pid;

	need_tls();
	is_on = true;
	fflush(NULL);
	if (pipe(started))
		tap_bail("no pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		close(started[0]);
		connect_for_ever(started[1]);
	}
	close(started[1]);
	if (pid < 0 || read(started[0], &byte, 1) != 1)
		tap_bail("the process that connects does not start");
	close(started[0]);
}
