// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates, and what a stranger sends in place of a TLS handshake: to a node that
 * accepts, and to one that connects. Nothing without the key of a node gets through.
 */
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../lib/certificate.h"
#include "../../vmm/tls.h"
#include "fuzz.h"

#define NODES	3u

/* rdma, so that no TLS of the host's kernel is needed. */
static struct options options = {
	.cluster = "lab", .num_nodes = NODES, .self = 1, .tls = true,
	.tls_encrypt = true, .transport = SSI_DSM_TRANSPORT_RDMA,
	.nodes = {
		{ .id = 0, .name = "node0.lab" }, { .id = 1, .name = "node1.lab" },
		{ .id = 2, .name = "node2.lab" },
	},
};

/* ---- the files of this node -------------------------------------------------- */

static const char *in_memory(const gnutls_datum_t *text)
{
	int fd = memfd_create("pem", 0);
	char *path = malloc(64);

	if (fd < 0 || !path || write(fd, text->data, text->size) != (ssize_t)text->size ||
	    fchmod(fd, 0600))
		fuzz_fail("no file");
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return path;
}

static void make_files(void)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	gnutls_datum_t pem;
	time_t now = time(NULL);

	if (gnutls_x509_privkey_init(&key) || gnutls_x509_crt_init(&crt) ||
	    gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, 0, 0) ||
	    gnutls_x509_crt_set_version(crt, 3) ||
	    gnutls_x509_crt_set_serial(crt, "\1", 1) ||
	    gnutls_x509_crt_set_activation_time(crt, now - 1000) ||
	    gnutls_x509_crt_set_expiration_time(crt, now + 1000000) ||
	    gnutls_x509_crt_set_dn(crt, "CN=lab", NULL) ||
	    gnutls_x509_crt_set_ca_status(crt, 1) ||
	    gnutls_x509_crt_set_key(crt, key) ||
	    gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, "node1.lab",
						 9, GNUTLS_FSAN_SET) ||
	    gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512, 0))
		fuzz_fail("no certificate");
	if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem))
		fuzz_fail("no certificate");
	options.tls_ca = options.tls_certificate = in_memory(&pem);
	gnutls_free(pem.data);
	if (gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
					      GNUTLS_PKCS_PLAIN, &pem))
		fuzz_fail("no key");
	options.tls_key = in_memory(&pem);
	gnutls_free(pem.data);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	make_files();
	if (FUZZ_REFUSED())
		fuzz_fail("the node's own files are refused");
	tls_load(&options);
	return 0;
}

/* ---- inputs ------------------------------------------------------------------ */

/* A certificate that has a name has that name in its bytes. */
static void read_certificate(const uint8_t *data, size_t size)
{
	gnutls_datum_t der = { (uint8_t *)data, size };
	const char *name = "node0.lab";
	gnutls_x509_crt_t crt;

	if (gnutls_x509_crt_init(&crt))
		fuzz_fail("no memory");
	if (!gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER) &&
	    certificate_has_name(crt, name)) {
		bool is_there = false;

		for (size_t i = 0; i + strlen(name) <= size; i++)
			is_there |= !strncasecmp((const char *)&data[i], name,
						 strlen(name));
		if (!is_there)
			fuzz_fail("a certificate has a name that is not in it");
	}
	gnutls_x509_crt_deinit(crt);
}

static int keep_key(const struct tls_link *link)
{
	(void)link;
	fuzz_fail("a stranger has made a key");
}

/* The stranger has said all and closes its side; what is sent to it is not read. */
static void meet_stranger(const uint8_t *data, size_t size, bool accepts)
{
	struct tls_link link = { .tcp = true, .rdma = true };
	char why[TLS_WHY_MAX];
	int fds[2], ret;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) ||
	    write(fds[1], data, size) != (ssize_t)size ||
	    shutdown(fds[1], SHUT_WR))
		fuzz_fail("no sockets");
	ret = accepts ? tls_accept(fds[0], &link, keep_key, why) :
			tls_connect(fds[0], &link, why);
	if (!ret)
		fuzz_fail("a stranger is taken for a node");
	if (!why[0])
		fuzz_fail("a handshake fails without a reason");
	close(fds[0]);
	close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0] % 4) {
	case 0:
		meet_stranger(data + 1, size - 1, true);
		break;
	case 1:
		meet_stranger(data + 1, size - 1, false);
		break;
	default:
		read_certificate(data + 1, size - 1);
	}
	return 0;
}
