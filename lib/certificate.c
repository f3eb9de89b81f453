// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules for the names in certificates.
 */
#include "certificate.h"

#include <string.h>
#include <strings.h>

bool certificate_has_name(gnutls_x509_crt_t certificate, const char *name)
{
	char text[256];
	size_t len;
	int ret;

	for (unsigned int i = 0;; i++) {
		len = sizeof(text);
		ret = gnutls_x509_crt_get_subject_alt_name(certificate, i, text,
							   &len, NULL);
		if (ret == GNUTLS_SAN_DNSNAME && len == strlen(name) &&
		    !strncasecmp(text, name, len))
			return true;
		if (ret < 0 && ret != GNUTLS_E_SHORT_MEMORY_BUFFER)
			return false;
	}
}
