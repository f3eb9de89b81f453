// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TLS 1.3 between the ssi-vmm of two nodes: certificates, the handshake, and the keys
 * for the kernel.
 *
 * DOC: Theory of operation
 *
 * Both sides need a certificate that the authority of the cluster file has signed, and
 * that has the name which the cluster file gives to the node. A node has one role only
 * towards another one: the node with the higher id connects. So the side that connects
 * knows which name must be there, and the other side takes the name of any node with a
 * higher id.
 *
 * In TLS 1.3 the side that connects has finished before the other side has seen its
 * certificate. So the side that accepts sends one byte (WELCOME) when it has verified
 * it. If it has not, the other side gets an alert instead, and can say so.
 *
 * Nothing is resumed: there are no tickets, so each connection has new keys and
 * its certificates are verified again. The files are read for each handshake: a
 * guest may run for longer than a certificate is valid, and a certificate may be
 * revoked while it runs.
 *
 * What comes after the handshake is part of it (ALPN): the TCP connection itself, or
 * an RDMA connection, encrypted or not. The side that connects says what it can, the
 * side that accepts takes the first of these that it can, too. A service of another
 * kind with certificates of the same authority gets no further.
 *
 * TCP: the kernel gets the keys last, when no byte is left in the library: GnuTLS
 * reads whole records and no further.
 *
 * RDMA: both sides take a key from the session (an exporter: RFC 8446, 7.5), for these
 * two nodes in this cluster. The module of the side that accepts gets it before
 * WELCOME: the other side uses it at once.
 */
#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../lib/certificate.h"
#include "deadline.h"
#include "log.h"

#define PRIORITIES	"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:" \
			"+AES-256-GCM:+CHACHA20-POLY1305:%PROFILE_MEDIUM"
#define HANDSHAKE_MS	5000
#define WELCOME		'w'
#define KEY_LABEL	"EXPORTER-ssi-dsm-rdma"
#define KEY_CONTEXT	1024
#define ALPN_TCP	"ssi-dsm/tcp"
#define ALPN_RDMA	"ssi-dsm/rdma"
#define ALPN_RDMA_PLAIN	"ssi-dsm/rdma-authenticated"

#ifndef SOL_TLS
#define SOL_TLS		282
#endif
#ifndef TCP_ULP
#define TCP_ULP		31
#endif

static struct {
	const struct options *options;
	gnutls_priority_t priorities;
} tls;

/**
 * struct attempt - one handshake
 * @first: the first of the nodes that may be at the other end
 * @last: the last one
 * @node: the one that is there, or -1
 * @purpose: what its certificate must be good for
 * @fd: the connection
 * @deadline: when all must be done
 * @credentials: of this node
 * @link: what the handshake is for
 * @accepts: this is the side that accepts
 * @why: reason of a failure
 */
struct attempt {
	unsigned int first, last;
	int node;
	const char *purpose;
	int fd;
	struct timespec deadline;
	gnutls_certificate_credentials_t credentials;
	struct tls_link *link;
	bool accepts;
	char *why;
};

/* The library's sentences end with a full stop, sometimes with a blank. */
__attribute__((format(printf, 2, 3)))
static int fail(char *why, const char *fmt, ...)
{
	va_list args;
	size_t len;

	va_start(args, fmt);
	vsnprintf(why, TLS_WHY_MAX, fmt, args);
	va_end(args);
	len = strlen(why);
	while (len && (why[len - 1] == ' ' || why[len - 1] == '.'))
		why[--len] = '\0';
	return -1;
}

/* ---- setting up ---- */

static void check_kernel(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die(EXIT_HOST, "The host gives no TCP socket: %s.",
		    strerror(errno));
	/* A socket that is not connected is refused only if there is TLS. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")) &&
	    errno == ENOENT)
		die(EXIT_HOST, "The kernel has no TLS for sockets, so the cluster's tls is not possible; load its module with modprobe tls.");
	close(fd);
}

/* ---- this node's certificate ---- */

static int check(int ret, const char *what, const char *path, char *why)
{
	return ret >= 0 ? 0 : fail(why, "the %s of the cluster's tls, %s, cannot be used: %s",
				   what, path, gnutls_strerror(ret));
}

static bool is_signed_by(gnutls_x509_crl_t list, gnutls_x509_crt_t *cas,
			 unsigned int count)
{
	unsigned int status = GNUTLS_CERT_SIGNER_NOT_FOUND;

	return !gnutls_x509_crl_verify(list, cas, count, 0, &status) &&
	       !(status & (GNUTLS_CERT_SIGNER_NOT_FOUND |
			   GNUTLS_CERT_SIGNATURE_FAILURE));
}

static bool are_signed(const gnutls_datum_t *ca, const gnutls_datum_t *crl)
{
	gnutls_x509_crt_t *cas = NULL;
	gnutls_x509_crl_t *lists = NULL;
	unsigned int num_cas = 0, num_lists = 0;
	bool all = !gnutls_x509_crt_list_import2(&cas, &num_cas, ca,
						 GNUTLS_X509_FMT_PEM, 0) &&
		   !gnutls_x509_crl_list_import2(&lists, &num_lists, crl,
						 GNUTLS_X509_FMT_PEM, 0);

	for (unsigned int i = 0; i < num_lists; i++) {
		all = all && is_signed_by(lists[i], cas, num_cas);
		gnutls_x509_crl_deinit(lists[i]);
	}
	for (unsigned int i = 0; i < num_cas; i++)
		gnutls_x509_crt_deinit(cas[i]);
	gnutls_free(lists);
	gnutls_free(cas);
	return all;
}

/* The library takes a list of another authority, which then revokes nothing. */
static int check_lists(char *why)
{
	gnutls_datum_t ca = { 0 }, crl = { 0 };
	bool all = !gnutls_load_file(tls.options->tls_ca, &ca) &&
		   !gnutls_load_file(tls.options->tls_crl, &crl) &&
		   are_signed(&ca, &crl);

	gnutls_free(ca.data);
	gnutls_free(crl.data);
	return all ? 0 : fail(why, "the crl of the cluster's tls, %s, is not signed by its authority, %s",
			      tls.options->tls_crl, tls.options->tls_ca);
}

/* The library's sentence about a file that it cannot read has no reason. */
static int check_readable(const char *what, const char *path, char *why)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	return fail(why, "the %s of the cluster's tls, %s, cannot be read by user %u: %s%s",
		    what, path, geteuid(), strerror(errno),
		    errno == EACCES ? "; let this user read it: a file server (NFS: root_squash) heeds no capability of this host" : "");
}

static int read_files(gnutls_certificate_credentials_t to, char *why)
{
	const struct options *o = tls.options;
	int ret;

	if (check_readable("ca", o->tls_ca, why) ||
	    check_readable("certificate", o->tls_certificate, why) ||
	    check_readable("key", o->tls_key, why) ||
	    (o->tls_crl && check_readable("crl", o->tls_crl, why)))
		return -1;
	ret = gnutls_certificate_set_x509_trust_file(to, o->tls_ca,
						     GNUTLS_X509_FMT_PEM);
	if (check(ret ? ret : GNUTLS_E_NO_CERTIFICATE_FOUND, "ca", o->tls_ca,
		  why))
		return -1;
	ret = gnutls_certificate_set_x509_key_file(to, o->tls_certificate,
						   o->tls_key,
						   GNUTLS_X509_FMT_PEM);
	if (check(ret, "certificate or key", o->tls_certificate, why))
		return -1;
	if (!o->tls_crl)
		return 0;
	ret = gnutls_certificate_set_x509_crl_file(to, o->tls_crl,
						   GNUTLS_X509_FMT_PEM);
	if (check(ret ? ret : GNUTLS_E_NO_CERTIFICATE_FOUND, "crl", o->tls_crl,
		  why))
		return -1;
	return check_lists(why);
}

static int check_certificate(gnutls_session_t session);

static int make_credentials(gnutls_certificate_credentials_t *to, char *why)
{
	if (gnutls_certificate_allocate_credentials(to))
		return fail(why, "there is no memory for certificates");
	if (read_files(*to, why)) {
		gnutls_certificate_free_credentials(*to);
		return -1;
	}
	gnutls_certificate_set_verify_function(*to, check_certificate);
	return 0;
}

/* ---- the other side's certificate ---- */

static void print_status(unsigned int status, char *why)
{
	gnutls_datum_t text = { 0 };

	if (gnutls_certificate_verification_status_print(status,
							 GNUTLS_CRT_X509,
							 &text, 0) < 0) {
		fail(why, "its certificate is not valid");
		return;
	}
	fail(why, "%s", text.data);
	gnutls_free(text.data);
}

/* ---- our own certificate ---- */

static void check_key_file(void)
{
	const char *path = tls.options->tls_key;
	struct stat stat_key;

	if (!stat(path, &stat_key) && stat_key.st_mode & 0006)
		die(EXIT_USAGE, "The private key %s can be read or changed by every user of this host. Take that right away (chmod o= %s); if others may have read it, make a new one.",
		    path, path);
}

/* Only the other nodes can refuse it: so this is no error, but the reason of one. */
static void warn_of(gnutls_x509_crt_t certificate)
{
	const struct options *o = tls.options;
	time_t now = time(NULL);

	if (!certificate_has_name(certificate, o->nodes[o->self].name))
		log_warn("The certificate %s does not have the DNS name %s of this node: the other nodes will refuse it.",
			 o->tls_certificate, o->nodes[o->self].name);
	if (now < gnutls_x509_crt_get_activation_time(certificate))
		log_warn("The certificate %s is not valid yet by this host's clock: the other nodes will refuse it.",
			 o->tls_certificate);
	if (now > gnutls_x509_crt_get_expiration_time(certificate))
		log_warn("The certificate %s has expired: the other nodes will refuse it.",
			 o->tls_certificate);
}

static void check_own(gnutls_certificate_credentials_t credentials)
{
	gnutls_x509_crt_t *chain;
	unsigned int count = 0;

	check_key_file();
	if (gnutls_certificate_get_x509_crt(credentials, 0, &chain, &count) < 0)
		return;
	if (count)
		warn_of(chain[0]);
	for (unsigned int i = 0; i < count; i++)
		gnutls_x509_crt_deinit(chain[i]);
	gnutls_free(chain);
}

void tls_load(const struct options *options)
{
	gnutls_certificate_credentials_t credentials;
	char why[TLS_WHY_MAX];

	tls.options = options;
	if (options->transport != SSI_DSM_TRANSPORT_RDMA)
		check_kernel();
	if (gnutls_priority_init(&tls.priorities, PRIORITIES, NULL))
		die(EXIT_HOST, "The GnuTLS library cannot be used here.");
	if (make_credentials(&credentials, why))
		die(EXIT_USAGE, "No node could be reached: %s.", why);
	check_own(credentials);
	gnutls_certificate_free_credentials(credentials);
}

/* ---- the names in it ---- */

/* With the names of two nodes it would not say which of them is there. */
static int find_name(gnutls_x509_crt_t certificate, struct attempt *attempt)
{
	const struct options *o = tls.options;
	int found = -1;

	for (unsigned int n = 0; n < o->num_nodes; n++) {
		if (!certificate_has_name(certificate, o->nodes[n].name))
			continue;
		if (found >= 0)
			return fail(attempt->why, "its certificate has the names of two nodes, %s and %s",
				    o->nodes[found].name, o->nodes[n].name);
		found = n;
	}
	if (found < (int)attempt->first || found > (int)attempt->last)
		return -1;
	return found;
}

static int check_name(gnutls_session_t session, struct attempt *attempt)
{
	unsigned int count = 0;
	const gnutls_datum_t *chain =
		gnutls_certificate_get_peers(session, &count);
	gnutls_x509_crt_t certificate;

	if (!count || gnutls_x509_crt_init(&certificate))
		return fail(attempt->why, "it has no certificate");
	if (!gnutls_x509_crt_import(certificate, &chain[0],
				    GNUTLS_X509_FMT_DER))
		attempt->node = find_name(certificate, attempt);
	gnutls_x509_crt_deinit(certificate);
	if (attempt->node >= 0)
		return 0;
	if (attempt->why[0])
		return -1;
	if (attempt->first == attempt->last)
		return fail(attempt->why, "its certificate does not have the name %s",
			    tls.options->nodes[attempt->first].name);
	return fail(attempt->why, "its certificate does not have the name of a node that connects to this one");
}

/* The library ends the handshake with an alert if this is not 0. */
static int check_certificate(gnutls_session_t session)
{
	struct attempt *attempt = gnutls_session_get_ptr(session);
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)attempt->purpose,
	};
	unsigned int status = 0;
	int ret;

	ret = gnutls_certificate_verify_peers(session, &purpose, 1, &status);
	if (ret < 0)
		return fail(attempt->why, "its certificate cannot be verified: %s",
			    gnutls_strerror(ret));
	if (status) {
		print_status(status, attempt->why);
		return -1;
	}
	return check_name(session, attempt);
}

/* ---- the handshake ---- */

/* A failure that check_certificate() has not explained. */
static int explain(gnutls_session_t session, int ret, char *why)
{
	if (why[0])
		return -1;
	if (ret == GNUTLS_E_NO_APPLICATION_PROTOCOL ||
	    (ret == GNUTLS_E_FATAL_ALERT_RECEIVED &&
	     gnutls_alert_get(session) == GNUTLS_A_NO_APPLICATION_PROTOCOL))
		return fail(why, "the two nodes have no transport in common, or only one of them encrypts");
	if (ret == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return fail(why, "it refused this node's certificate or TLS version (alert: %s)",
			    gnutls_alert_get_name(gnutls_alert_get(session)));
	if (ret == GNUTLS_E_NO_CERTIFICATE_FOUND ||
	    ret == GNUTLS_E_CERTIFICATE_REQUIRED)
		return fail(why, "it has no certificate");
	if (ret == GNUTLS_E_TIMEDOUT)
		return fail(why, "it did not finish the TLS handshake within %d seconds",
			    HANDSHAKE_MS / 1000);
	if (ret == GNUTLS_E_PREMATURE_TERMINATION || ret == GNUTLS_E_PULL_ERROR ||
	    ret == GNUTLS_E_PUSH_ERROR)
		return fail(why, "it closed the connection");
	return fail(why, "the TLS handshake failed: %s", gnutls_strerror(ret));
}

static int ms_left(const struct attempt *attempt)
{
	struct timespec now = deadline_in(0);
	long ms = (attempt->deadline.tv_sec - now.tv_sec) * 1000 +
		  (attempt->deadline.tv_nsec - now.tv_nsec) / 1000000;

	return ms > 0 ? ms : 0;
}

/*
 * Receive for the library. Its own time limits do not count the time between the bytes
 * of a record.
 */
static ssize_t pull(gnutls_transport_ptr_t of, void *data, size_t len)
{
	const struct attempt *attempt = of;
	struct pollfd polled = { .fd = attempt->fd, .events = POLLIN };
	int ms = ms_left(attempt);
	int ret = ms ? poll(&polled, 1, ms) : 0;

	if (ret > 0)
		return recv(attempt->fd, data, len, MSG_DONTWAIT);
	if (!ret)
		errno = EAGAIN;
	return -1;
}

static bool must_repeat(const struct attempt *attempt, int *ret)
{
	if (*ret >= 0 || gnutls_error_is_fatal(*ret))
		return false;
	if (ms_left(attempt))
		return true;
	*ret = GNUTLS_E_TIMEDOUT;
	return false;
}

static bool is_protocol(const gnutls_datum_t *protocol, const char *name)
{
	return protocol->size == strlen(name) &&
	       !memcmp(protocol->data, name, protocol->size);
}

/* Nothing that the library negotiates may skip the check of the certificate. */
static int check_result(gnutls_session_t session, const struct attempt *attempt)
{
	gnutls_datum_t protocol;

	if (attempt->node < 0)
		return fail(attempt->why, "it has no certificate");
	if (gnutls_alpn_get_selected_protocol(session, &protocol))
		return fail(attempt->why, "it is no ssi-vmm of this version");
	attempt->link->has_key = !is_protocol(&protocol, ALPN_TCP);
	return 0;
}

static int handshake(gnutls_session_t session, const struct attempt *attempt)
{
	int ret;

	do {
		ret = gnutls_handshake(session);
	} while (must_repeat(attempt, &ret));
	if (!ret)
		return check_result(session, attempt);
	gnutls_alert_send_appropriate(session, ret);
	return explain(session, ret, attempt->why);
}

static int send_welcome(gnutls_session_t session, const struct attempt *attempt)
{
	char byte = WELCOME;
	int ret = gnutls_record_send(session, &byte, 1);

	return ret == 1 ? 0 : explain(session, ret, attempt->why);
}

static int await_welcome(gnutls_session_t session, const struct attempt *attempt)
{
	char byte = 0;
	int ret;

	do {
		ret = gnutls_record_recv(session, &byte, 1);
	} while (must_repeat(attempt, &ret));
	if (ret == 1 && byte == WELCOME)
		return 0;
	return explain(session, ret < 0 ? ret : GNUTLS_E_PREMATURE_TERMINATION,
		       attempt->why);
}

/* ---- the keys for the kernel ---- */

union keys {
	struct tls_crypto_info info;
	struct tls12_crypto_info_aes_gcm_256 aes;
	struct tls12_crypto_info_chacha20_poly1305 chacha;
};

/* Return: bytes of @keys, 0 if the session has other keys than they have room for. */
static size_t take_keys(gnutls_session_t session, bool receive, union keys *keys)
{
	gnutls_datum_t mac, iv, key;
	unsigned char number[8];

	if (gnutls_record_get_state(session, receive, &mac, &iv, &key, number))
		return 0;
	keys->info.version = TLS_1_3_VERSION;
	switch (gnutls_cipher_get(session)) {
	case GNUTLS_CIPHER_AES_256_GCM:
		if (key.size != sizeof(keys->aes.key) ||
		    iv.size != sizeof(keys->aes.salt) + sizeof(keys->aes.iv))
			return 0;
		keys->info.cipher_type = TLS_CIPHER_AES_GCM_256;
		memcpy(keys->aes.salt, iv.data, sizeof(keys->aes.salt));
		memcpy(keys->aes.iv, iv.data + sizeof(keys->aes.salt),
		       sizeof(keys->aes.iv));
		memcpy(keys->aes.key, key.data, key.size);
		memcpy(keys->aes.rec_seq, number, sizeof(number));
		return sizeof(keys->aes);
	case GNUTLS_CIPHER_CHACHA20_POLY1305:
		if (key.size != sizeof(keys->chacha.key) ||
		    iv.size != sizeof(keys->chacha.iv))
			return 0;
		keys->info.cipher_type = TLS_CIPHER_CHACHA20_POLY1305;
		memcpy(keys->chacha.iv, iv.data, iv.size);
		memcpy(keys->chacha.key, key.data, key.size);
		memcpy(keys->chacha.rec_seq, number, sizeof(number));
		return sizeof(keys->chacha);
	default:
		return 0;
	}
}

static int set_keys(gnutls_session_t session, int fd, bool receive, char *why)
{
	union keys keys = { 0 };
	size_t len = take_keys(session, receive, &keys);
	int ret = 0;

	if (!len)
		ret = fail(why, "the session's keys are not of a kind that the kernel takes");
	else if (setsockopt(fd, SOL_TLS, receive ? TLS_RX : TLS_TX, &keys, len))
		ret = fail(why, "this host's kernel does not take the keys of the session: %s",
			   strerror(errno));
	explicit_bzero(&keys, sizeof(keys));
	return ret;
}

static int give_to_kernel(gnutls_session_t session, int fd, char *why)
{
	if (gnutls_record_check_pending(session))
		return fail(why, "it sent data before the connection was ready");
	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")))
		return fail(why, "this host's kernel has no TLS for the socket: %s",
			    strerror(errno));
	return set_keys(session, fd, false, why) ?
	       -1 : set_keys(session, fd, true, why);
}

/* ---- the key for RDMA ---- */

/* The cluster and both nodes, the one that connects first, each with its NUL. */
static size_t write_context(const struct attempt *attempt, char *context)
{
	const struct options *o = tls.options;
	unsigned int self = o->self, other = attempt->node;
	unsigned int from = attempt->accepts ? other : self;
	unsigned int to = attempt->accepts ? self : other;
	int len = snprintf(context, KEY_CONTEXT, "%s%c%u%c%s%c%u%c%s", o->cluster,
			   0, from, 0, o->nodes[from].name, 0, to, 0,
			   o->nodes[to].name);

	return len < KEY_CONTEXT ? len + 1 : 0;
}

static int export_key(gnutls_session_t session, const struct attempt *attempt)
{
	char context[KEY_CONTEXT];
	size_t len = write_context(attempt, context);

	if (!len || gnutls_prf_rfc5705(session, strlen(KEY_LABEL), KEY_LABEL, len,
				       context, sizeof(attempt->link->key),
				       (char *)attempt->link->key))
		return fail(attempt->why, "the session gives no key");
	return 0;
}

/* ---- both sides ---- */

/* In the order in which they are preferred. */
static int set_protocols(gnutls_session_t session, const struct tls_link *link)
{
	const char *rdma = tls.options->tls_encrypt ? ALPN_RDMA : ALPN_RDMA_PLAIN;
	gnutls_datum_t protocols[2];
	unsigned int count = 0;

	if (link->rdma)
		protocols[count++] = (gnutls_datum_t){
			(unsigned char *)rdma, strlen(rdma)
		};
	if (link->tcp)
		protocols[count++] = (gnutls_datum_t){
			(unsigned char *)ALPN_TCP, strlen(ALPN_TCP)
		};
	return gnutls_alpn_set_protocols(session, protocols, count,
					 GNUTLS_ALPN_MANDATORY);
}

static void end_session(gnutls_session_t session, struct attempt *attempt)
{
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(attempt->credentials);
}

static int make_session(gnutls_session_t *session, unsigned int side, int fd,
			struct attempt *attempt)
{
	if (make_credentials(&attempt->credentials, attempt->why))
		return -1;
	if (gnutls_init(session, side | GNUTLS_NO_TICKETS | GNUTLS_NO_SIGNAL |
				 GNUTLS_FORCE_CLIENT_CERT)) {
		gnutls_certificate_free_credentials(attempt->credentials);
		return fail(attempt->why, "there is no memory for a TLS session");
	}
	gnutls_session_set_ptr(*session, attempt);
	if (gnutls_priority_set(*session, tls.priorities) ||
	    gnutls_credentials_set(*session, GNUTLS_CRD_CERTIFICATE,
				   attempt->credentials) ||
	    set_protocols(*session, attempt->link)) {
		end_session(*session, attempt);
		return fail(attempt->why, "there is no memory for a TLS session");
	}
	gnutls_certificate_server_set_request(*session, GNUTLS_CERT_REQUIRE);
	gnutls_handshake_set_timeout(*session, GNUTLS_INDEFINITE_TIMEOUT);
	attempt->fd = fd;
	attempt->deadline = deadline_in(HANDSHAKE_MS);
	gnutls_transport_set_pull_function(*session, pull);
	gnutls_transport_set_ptr2(*session, attempt, (void *)(intptr_t)fd);
	return 0;
}

int tls_connect(int fd, struct tls_link *link, char why[TLS_WHY_MAX])
{
	struct attempt attempt = {
		.first = link->node, .last = link->node, .node = -1,
		.purpose = GNUTLS_KP_TLS_WWW_SERVER, .link = link, .why = why,
	};
	gnutls_session_t session;
	int ret;

	why[0] = '\0';
	if (make_session(&session, GNUTLS_CLIENT, fd, &attempt))
		return -1;
	ret = handshake(session, &attempt) || await_welcome(session, &attempt);
	if (!ret)
		ret = link->has_key ? export_key(session, &attempt) :
				      give_to_kernel(session, fd, why);
	end_session(session, &attempt);
	return ret ? -1 : 0;
}

static int accept_rdma(gnutls_session_t session, const struct attempt *attempt,
		       tls_key_fn give)
{
	if (export_key(session, attempt))
		return -1;
	if (give(attempt->link))
		return fail(attempt->why, "the kernel module does not take its key");
	return send_welcome(session, attempt);
}

int tls_accept(int fd, struct tls_link *link, tls_key_fn give,
	       char why[TLS_WHY_MAX])
{
	struct attempt attempt = {
		.first = tls.options->self + 1,
		.last = tls.options->num_nodes - 1,
		.node = -1, .purpose = GNUTLS_KP_TLS_WWW_CLIENT, .link = link,
		.accepts = true, .why = why,
	};
	gnutls_session_t session;
	int ret;

	why[0] = '\0';
	if (make_session(&session, GNUTLS_SERVER, fd, &attempt))
		return -1;
	ret = handshake(session, &attempt);
	link->node = attempt.node;
	if (!ret && link->has_key)
		ret = accept_rdma(session, &attempt, give);
	else if (!ret)
		ret = send_welcome(session, &attempt) ||
		      give_to_kernel(session, fd, why);
	end_session(session, &attempt);
	return ret ? -1 : 0;
}
