// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who asks: a user of this host, or the owner of a certificate.
 */
#include "caller.h"

#include <stdio.h>

#include "../../lib/certificate.h"
#include "../../lib/name.h"
#include "settings.h"

bool caller_is_admin(const struct caller *caller)
{
	if (caller->local || caller->viewer)
		return true;
	for (int i = 0; settings.admins[i]; i++)
		if (certificate_has_name(caller->certificate,
					 settings.admins[i]))
			return true;
	return false;
}

bool caller_may(const struct caller *caller, const json_t *plan)
{
	json_t *nodes = json_object_get(plan, "nodes"), *node;
	const char *name;
	size_t i;

	if (caller_is_admin(caller))
		return true;
	json_array_foreach(nodes, i, node) {
		name = json_string_value(json_object_get(node, "name"));
		if (name && certificate_has_name(caller->certificate, name))
			return true;
	}
	return false;
}

void caller_print(const struct caller *caller, char *text, size_t size)
{
	char name[256] = "?";
	size_t len = sizeof(name);

	if (caller->local) {
		snprintf(text, size, "user %u", caller->uid);
		return;
	}
	if (caller->viewer) {
		snprintf(text, size, "a browser");
		return;
	}
	if (gnutls_x509_crt_get_subject_alt_name(caller->certificate, 0, name,
						 &len, NULL) < 0)
		snprintf(name, sizeof(name), "a certificate without a name");
	name_print(name, text, size);
}
