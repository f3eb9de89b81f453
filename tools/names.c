// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of the numbers in ssi_dsm_genl.h.
 */

#include "names.h"

#include <stddef.h>

#include <linux/ssi_dsm_genl.h>

#define NAME(table, number) \
	((number) < sizeof(table) / sizeof((table)[0]) ? (table)[number] : NULL)

const char *name_transport(uint32_t transport)
{
	static const char *const names[] = {
		[SSI_DSM_TRANSPORT_RDMA] = "rdma",
		[SSI_DSM_TRANSPORT_LOOP] = "loop",
		[SSI_DSM_TRANSPORT_TCP] = "tcp",
		[SSI_DSM_TRANSPORT_AUTO] = "auto",
	};

	return NAME(names, transport);
}

const char *name_security(uint32_t security)
{
	static const char *const names[] = {
		[SSI_DSM_SECURITY_NONE] = "none",
		[SSI_DSM_SECURITY_TLS] = "tls",
		[SSI_DSM_SECURITY_AUTHENTICATED] = "authenticated",
	};

	return NAME(names, security) ?: "unknown";
}

const char *name_link_state(uint32_t state)
{
	static const char *const names[] = {
		[SSI_DSM_LINK_DOWN] = "down",
		[SSI_DSM_LINK_CONNECTING] = "connecting",
		[SSI_DSM_LINK_UP] = "up",
		[SSI_DSM_LINK_REFUSED] = "refused",
		[SSI_DSM_LINK_LOST] = "lost",
		[SSI_DSM_LINK_INTERRUPTED] = "interrupted",
	};

	return NAME(names, state) ?: "unknown";
}

const char *name_region_state(uint32_t state)
{
	static const char *const names[] = {
		[SSI_DSM_REGION_WAITING] = "waiting",
		[SSI_DSM_REGION_READY] = "ready",
		[SSI_DSM_REGION_REFUSED] = "refused",
		[SSI_DSM_REGION_LOST] = "lost",
	};

	return NAME(names, state) ?: "unknown";
}

const char *name_class(uint32_t class)
{
	static const char *const names[] = {
		[SSI_DSM_CLASS_LOCAL] = "local",
		[SSI_DSM_CLASS_FIRST_TOUCH] = "first_touch",
		[SSI_DSM_CLASS_READ_REMOTE] = "read_remote",
		[SSI_DSM_CLASS_WRITE_REMOTE] = "write_remote",
		[SSI_DSM_CLASS_UPGRADE] = "upgrade",
		[SSI_DSM_CLASS_INVALIDATION] = "invalidation",
		[SSI_DSM_CLASS_FORWARDED] = "forwarded",
		[SSI_DSM_CLASS_WALK_READ] = "walk_read",
		[SSI_DSM_CLASS_WALK_WRITE] = "walk_write",
	};

	return NAME(names, class) ?: "unknown";
}

const char *name_policy(uint32_t policy)
{
	static const char *const names[] = {
		[SSI_DSM_POLICY_HOLD] = "hold",
		[SSI_DSM_POLICY_SPIN] = "spin",
		[SSI_DSM_POLICY_AHEAD] = "ahead",
		[SSI_DSM_POLICY_CACHE] = "cache",
		[SSI_DSM_POLICY_HUGE] = "huge",
		[SSI_DSM_POLICY_ROGPT] = "rogpt",
	};

	return NAME(names, policy) ?: "unknown";
}

const char *name_policy_unit(uint32_t policy)
{
	static const char *const units[] = {
		[SSI_DSM_POLICY_HOLD] = "us",
		[SSI_DSM_POLICY_SPIN] = "us",
		[SSI_DSM_POLICY_AHEAD] = "pages",
		[SSI_DSM_POLICY_CACHE] = "bytes",
		[SSI_DSM_POLICY_HUGE] = "yes or no",
		[SSI_DSM_POLICY_ROGPT] = "yes or no",
	};

	return NAME(units, policy) ?: "unknown";
}
