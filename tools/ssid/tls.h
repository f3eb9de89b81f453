/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates: this host's, and how that of the other end is checked.
 *
 * The files are read anew for each connection, so that a new certificate and a
 * new list of revoked ones need no restart. Only the certificate that the server
 * shows is read once.
 */
#ifndef SSID_TLS_H
#define SSID_TLS_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>

#define TLS_PRIORITIES	"NORMAL:-VERS-ALL:+VERS-TLS1.3"

/* Why this host has no certificates, as the end of a sentence; NULL if it has. */
const char *tls_missing(void);

/**
 * tls_check_peer() - check the certificate of the other end
 * @session: its handshake is far enough for a certificate
 * @purpose: GNUTLS_KP_*
 * @certificate: out: it, for gnutls_x509_crt_deinit()
 * @why: out: the reason of a failure, as the end of a sentence
 *
 * Checks that our authority has signed it, that it is valid now, that it is not
 * revoked and that it is for this purpose; not its names.
 *
 * Return: 0 or -1.
 */
int tls_check_peer(gnutls_session_t session, const char *purpose,
		   gnutls_x509_crt_t *certificate, char why[256]);

/* Does this host's own certificate have a name? */
bool tls_is_our_name(const char *name);

#endif /* SSID_TLS_H */
