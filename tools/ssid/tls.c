// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates: this host's, and how that of the other end is checked.
 */
#include "tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/certificate.h"
#include "settings.h"

#define CHAIN_MAX	8

const char *tls_missing(void)
{
	static __thread char why[256];
	const char *const files[] = {
		settings.ca, settings.certificate, settings.key,
	};

	for (int i = 0; i < 3; i++)
		if (access(files[i], R_OK)) {
			snprintf(why, sizeof(why), "%s cannot be read: %s",
				 files[i], strerror(errno));
			return why;
		}
	return NULL;
}

static int fail(char *why, const char *what)
{
	size_t len;

	snprintf(why, 256, "%s", what);
	len = strlen(why);
	while (len && strchr(" .", why[len - 1]))
		why[--len] = '\0';
	return -1;
}

static int explain(unsigned int status, char *why)
{
	gnutls_datum_t text = { 0 };

	if (gnutls_certificate_verification_status_print(status,
							 GNUTLS_CRT_X509,
							 &text, 0) < 0)
		return fail(why, "the certificate is not valid");
	fail(why, (const char *)text.data);
	gnutls_free(text.data);
	return -1;
}

/* The first list may come long after the start of ssid. */
static const char *find_crl(void)
{
	if (settings.crl)
		return settings.crl;
	return access(SETTINGS_CRL, F_OK) ? NULL : SETTINGS_CRL;
}

static int verify(gnutls_x509_crt_t *chain, unsigned int count,
		  const char *purpose, char *why)
{
	gnutls_typed_vdata_st use = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)purpose,
	};
	gnutls_x509_trust_list_t list;
	unsigned int status = GNUTLS_CERT_INVALID;
	int ret;

	if (gnutls_x509_trust_list_init(&list, 0))
		return fail(why, "there is no memory for certificates");
	ret = gnutls_x509_trust_list_add_trust_file(list, settings.ca,
						    find_crl(),
						    GNUTLS_X509_FMT_PEM, 0, 0);
	if (ret > 0)
		ret = gnutls_x509_trust_list_verify_crt2(list, chain, count,
							 &use, 1, 0, &status,
							 NULL);
	gnutls_x509_trust_list_deinit(list, 1);
	if (ret < 0)
		return fail(why, gnutls_strerror(ret));
	return status ? explain(status, why) : 0;
}

static int import(const gnutls_datum_t *from, unsigned int count,
		  gnutls_x509_crt_t *chain)
{
	for (unsigned int i = 0; i < count; i++) {
		if (gnutls_x509_crt_init(&chain[i]))
			return i;
		if (gnutls_x509_crt_import(chain[i], &from[i],
					   GNUTLS_X509_FMT_DER)) {
			gnutls_x509_crt_deinit(chain[i]);
			return i;
		}
	}
	return count;
}

int tls_check_peer(gnutls_session_t session, const char *purpose,
		   gnutls_x509_crt_t *certificate, char why[256])
{
	gnutls_x509_crt_t chain[CHAIN_MAX];
	unsigned int count = 0, imported;
	const gnutls_datum_t *from = gnutls_certificate_get_peers(session, &count);
	int ret;

	if (!from || !count)
		return fail(why, "there is no certificate");
	if (count > CHAIN_MAX)
		return fail(why, "the chain of certificates is too long");
	imported = import(from, count, chain);
	ret = imported == count ? verify(chain, count, purpose, why) :
				  fail(why, "the certificate is not one");
	for (unsigned int i = !ret; i < imported; i++)
		gnutls_x509_crt_deinit(chain[i]);
	if (!ret)
		*certificate = chain[0];
	return ret;
}

bool tls_is_our_name(const char *name)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_x509_crt_t *chain = NULL;
	unsigned int count = 0;
	bool found = false;

	if (gnutls_certificate_allocate_credentials(&credentials))
		return false;
	if (gnutls_certificate_set_x509_key_file(credentials,
						 settings.certificate,
						 settings.key,
						 GNUTLS_X509_FMT_PEM) >= 0)
		gnutls_certificate_get_x509_crt(credentials, 0, &chain, &count);
	for (unsigned int i = 0; i < count; i++) {
		found = found || (!i && certificate_has_name(chain[i], name));
		gnutls_x509_crt_deinit(chain[i]);
	}
	gnutls_free(chain);
	gnutls_certificate_free_credentials(credentials);
	return found;
}
