/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules for the names in certificates.
 */
#ifndef LIB_CERTIFICATE_H
#define LIB_CERTIFICATE_H

#include <gnutls/x509.h>
#include <stdbool.h>

/**
 * certificate_has_name() - does a certificate have a name?
 * @certificate: the certificate
 * @name: the name
 *
 * Only a DNS name counts, and only as it is written: no common name, no wildcard, no
 * address. Capital and small letters are the same.
 *
 * Return: whether it does.
 */
bool certificate_has_name(gnutls_x509_crt_t certificate, const char *name);

#endif /* LIB_CERTIFICATE_H */
