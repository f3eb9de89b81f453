/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asks: a user of this host, or the owner of a certificate.
 */
#ifndef SSID_CALLER_H
#define SSID_CALLER_H

#include <gnutls/x509.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

/**
 * struct caller - the other end of a connection
 * @local: it came over the unix socket, whose permissions have been enough
 * @uid: if it did: the user
 * @viewer: a browser with the token; it may look, and change nothing
 * @certificate: if not: its certificate, which is checked except for the name
 */
struct caller {
	bool local;
	bool viewer;
	uid_t uid;
	gnutls_x509_crt_t certificate;
};

/* An administrator: may do everything. */
bool caller_is_admin(const struct caller *caller);

/* An administrator or, if @plan is not NULL, the host of one of its nodes. */
bool caller_may(const struct caller *caller, const json_t *plan);

/* Its name for the log: "user 0", or the first name in its certificate. */
void caller_print(const struct caller *caller, char *text, size_t size);

#endif /* SSID_CALLER_H */
