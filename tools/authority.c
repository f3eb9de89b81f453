// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A certificate authority in a folder.
 */
#include "authority.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "output.h"

#define PATH_LEN	640
#define DAY_S		(24l * 60 * 60)
#define AUTHORITY_DAYS	3650
#define HOST_DAYS	825
#define NOT_BEFORE_S	(60l * 60)	/* clocks of hosts may differ */

static int check(int ret, const char *what)
{
	if (ret >= 0)
		return 0;
	error("%s cannot be made: %s", what, gnutls_strerror(ret));
	return -1;
}

/* ---- files ---- */

static int write_file(const char *folder, const char *name, mode_t mode,
		      const gnutls_datum_t *data)
{
	char path[PATH_LEN];
	ssize_t written = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd >= 0)
		written = write(fd, data->data, data->size);
	if (fd >= 0 && !close(fd) && written == (ssize_t)data->size)
		return 0;
	error("the file %s cannot be written: %s", path, strerror(errno));
	return -1;
}

static int write_certificate(const char *folder, const char *name,
			     gnutls_x509_crt_t certificate)
{
	gnutls_datum_t data;
	int ret;

	if (check(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM,
					  &data), "the certificate"))
		return -1;
	ret = write_file(folder, name, 0644, &data);
	gnutls_free(data.data);
	return ret;
}

static int write_key(const char *folder, const char *name,
		     gnutls_x509_privkey_t key)
{
	gnutls_datum_t data;
	int ret;

	if (check(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM,
						    NULL, GNUTLS_PKCS_PLAIN,
						    &data), "the key"))
		return -1;
	ret = write_file(folder, name, 0600, &data);
	gnutls_memset(data.data, 0, data.size);
	gnutls_free(data.data);
	return ret;
}

static int read_file(const char *folder, const char *name, gnutls_datum_t *data)
{
	char path[PATH_LEN];
	int ret;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	ret = gnutls_load_file(path, data);
	if (!ret)
		return 0;
	error("the file %s cannot be read: %s", path, gnutls_strerror(ret));
	return -1;
}

/* ---- certificates ---- */

static int make_key(gnutls_x509_privkey_t key)
{
	return check(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
						  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
						  0), "the key");
}

static int set_common(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key,
		      const char *name, int days)
{
	unsigned char serial[16], id[64];
	size_t len = sizeof(id);
	time_t now = time(NULL);
	int ret;

	gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
	serial[0] &= 0x7f;	/* it is a positive number */
	serial[0] |= 1;
	ret = gnutls_x509_crt_set_version(certificate, 3);
	ret = ret ? ret : gnutls_x509_crt_set_serial(certificate, serial,
						     sizeof(serial));
	ret = ret ? ret : gnutls_x509_crt_set_activation_time(certificate,
							      now - NOT_BEFORE_S);
	ret = ret ? ret : gnutls_x509_crt_set_expiration_time(certificate,
							      now + days * DAY_S);
	ret = ret ? ret : gnutls_x509_crt_set_key(certificate, key);
	ret = ret ? ret : gnutls_x509_crt_get_key_id(certificate, 0, id, &len);
	ret = ret ? ret : gnutls_x509_crt_set_subject_key_id(certificate, id, len);
	ret = ret ? ret : gnutls_x509_crt_set_dn_by_oid(certificate,
							GNUTLS_OID_X520_COMMON_NAME,
							0, name,
							strlen(name) < 64 ? strlen(name) : 63);
	return check(ret, "the certificate");
}

static int set_authority(gnutls_x509_crt_t certificate)
{
	int ret = gnutls_x509_crt_set_basic_constraints(certificate, 1, 0);

	ret = ret ? ret : gnutls_x509_crt_set_key_usage(certificate,
							GNUTLS_KEY_KEY_CERT_SIGN |
							GNUTLS_KEY_CRL_SIGN);
	return check(ret, "the authority");
}

/* A host is both ends of connections. */
static int set_host(gnutls_x509_crt_t certificate, const char *name)
{
	int ret = gnutls_x509_crt_set_basic_constraints(certificate, 0, -1);

	ret = ret ? ret : gnutls_x509_crt_set_key_usage(certificate,
							GNUTLS_KEY_DIGITAL_SIGNATURE);
	ret = ret ? ret : gnutls_x509_crt_set_key_purpose_oid(certificate,
							      GNUTLS_KP_TLS_WWW_SERVER, 0);
	ret = ret ? ret : gnutls_x509_crt_set_key_purpose_oid(certificate,
							      GNUTLS_KP_TLS_WWW_CLIENT, 0);
	ret = ret ? ret : gnutls_x509_crt_set_subject_alt_name(certificate,
							       GNUTLS_SAN_DNSNAME,
							       name, strlen(name),
							       GNUTLS_FSAN_SET);
	return check(ret, "the certificate");
}

static int sign(gnutls_x509_crt_t certificate, const struct authority *by)
{
	return check(gnutls_x509_crt_sign2(certificate, by->certificate, by->key,
					   GNUTLS_DIG_SHA256, 0), "the signature");
}

/* ---- the authority ---- */

static int make_authority(struct authority *a, const char *folder)
{
	return make_key(a->key) ||
	       set_common(a->certificate, a->key, "SSI authority", AUTHORITY_DAYS) ||
	       set_authority(a->certificate) || sign(a->certificate, a) ||
	       write_key(folder, "ca.key", a->key) ||
	       write_certificate(folder, "ca.pem", a->certificate) ? -1 : 0;
}

static int read_authority(struct authority *a, const char *folder)
{
	gnutls_datum_t data;
	int ret;

	if (read_file(folder, "ca.pem", &data))
		return -1;
	ret = gnutls_x509_crt_import(a->certificate, &data, GNUTLS_X509_FMT_PEM);
	gnutls_free(data.data);
	if (ret || read_file(folder, "ca.key", &data)) {
		if (ret)
			error("%s/ca.pem is not a certificate: %s", folder,
			      gnutls_strerror(ret));
		return -1;
	}
	ret = gnutls_x509_privkey_import(a->key, &data, GNUTLS_X509_FMT_PEM);
	gnutls_memset(data.data, 0, data.size);
	gnutls_free(data.data);
	if (!ret)
		return 0;
	error("%s/ca.key is not a private key: %s", folder, gnutls_strerror(ret));
	return -1;
}

int authority_open(struct authority *authority, const char *folder)
{
	char path[PATH_LEN], other[PATH_LEN];
	int ret;

	snprintf(path, sizeof(path), "%s/ca.pem", folder);
	snprintf(other, sizeof(other), "%s/ca.key", folder);
	gnutls_x509_crt_init(&authority->certificate);
	gnutls_x509_privkey_init(&authority->key);
	ret = access(path, F_OK) && access(other, F_OK) ?
	      make_authority(authority, folder) :
	      read_authority(authority, folder);
	if (ret)
		authority_close(authority);
	return ret;
}

void authority_close(struct authority *authority)
{
	gnutls_x509_crt_deinit(authority->certificate);
	gnutls_x509_privkey_deinit(authority->key);
}

int authority_certify(const struct authority *authority, const char *folder,
		      const char *name)
{
	gnutls_x509_crt_t certificate;
	gnutls_x509_privkey_t key;
	int ret;

	gnutls_x509_crt_init(&certificate);
	gnutls_x509_privkey_init(&key);
	ret = make_key(key) || set_common(certificate, key, name, HOST_DAYS) ||
	      set_host(certificate, name) || sign(certificate, authority) ||
	      write_key(folder, "key.pem", key) ||
	      write_certificate(folder, "cert.pem", certificate) ||
	      write_certificate(folder, "ca.pem", authority->certificate) ?
	      -1 : 0;
	gnutls_x509_crt_deinit(certificate);
	gnutls_x509_privkey_deinit(key);
	return ret;
}
