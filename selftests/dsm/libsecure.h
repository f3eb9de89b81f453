/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections for nodes with the security tls: what ssi-vmm does for its node, without
 * handshake and certificates, for all nodes of this kernel.
 */
#ifndef LIBSECURE_H
#define LIBSECURE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * secure_begin() - have all nodes that are made from now on use tls
 *
 * A child process makes the connections that the module asks for, until this
 * process ends. Bails out if the kernel has no TLS for sockets.
 */
void secure_begin(void);

/**
 * secure_spoil() - something between the nodes changes bytes
 * @bytes: each connection that is made from now on carries so many bytes as they are,
 *	and then one that is changed; 0: none is changed
 *
 * To be called before secure_begin().
 */
void secure_spoil(uint32_t bytes);

/* ChaCha20-Poly1305 instead of AES-256-GCM, for connections that are made from now on. */
void secure_use_chacha(void);

/*
 * Keys for rdma instead of TCP connections, and this enum ssi_dsm_security, from now
 * on. 0: connections again.
 */
void secure_use_keys(uint32_t security);

/* The enum ssi_dsm_security of nodes that are made now, if they have one. */
uint32_t secure_kind(void);

/* PEER_CONNECT with a key: 0 or a negative errno, as in libconf.h. */
int secure_give_key(const char *cluster, uint32_t node, uint32_t peer,
		    const uint8_t *key, uint32_t len);

/* Ends the process that makes connections. */
void secure_end(void);

/* The same without a process that makes connections. */
void secure_nodes(bool secured);

/* Whether nodes that are made now use tls. */
bool secure_is_on(void);

/**
 * secure_pair() - a TCP connection with both ends here
 * @fds: result
 *
 * Return: 0 or -1.
 */
int secure_pair(int fds[2]);

/* Parts of secure_set_keys(). */
#define SECURE_SEND	1u
#define SECURE_RECEIVE	2u

/**
 * secure_set_keys() - give kernel TLS the keys of one end
 * @fd: the end
 * @secret: 32 bytes that both ends share
 * @end: 0 or 1: which end
 * @version: TLS_1_3_VERSION, or another one
 * @parts: for which directions
 *
 * Return: 0 or a negative errno.
 */
int secure_set_keys(int fd, const uint8_t secret[32], int end, uint16_t version,
		    uint32_t parts);

/* PEER_CONNECT with a socket: 0 or a negative errno, as in libconf.h. */
int secure_give(const char *cluster, uint32_t node, uint32_t peer, int fd);

/*
 * Whether a link has changed its state since secure_begin() for a reason that
 * contains @reason; waits for it, DEADLINE_MS at most.
 */
bool secure_saw(const char *reason);

#endif /* LIBSECURE_H */
