// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who asks: a user of this host, or the owner of a certificate.
 */
#include "caller.h"

#include "../../lib/certificate.h"
#include "settings.h"

bool caller_is_admin(const struct caller *caller)
{
	if (caller->local)
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
