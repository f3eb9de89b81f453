/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A certificate authority in a folder.
 */
#ifndef AUTHORITY_H
#define AUTHORITY_H

#include <gnutls/x509.h>

/* Its certificate and its key. */
struct authority {
	gnutls_x509_crt_t certificate;
	gnutls_x509_privkey_t key;
};

/* All below return 0, or -1 after error(). */

/* Read FOLDER/ca.pem and ca.key; make them if both are missing. */
int authority_open(struct authority *authority, const char *folder);
void authority_close(struct authority *authority);

/* Write ca.pem, cert.pem and key.pem of @name into @folder. */
int authority_certify(const struct authority *authority, const char *folder,
		      const char *name);

#endif /* AUTHORITY_H */
