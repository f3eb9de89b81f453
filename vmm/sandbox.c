// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the processes of ssi-vmm may do.
 *
 * Each process starts with the rights of the user, root in a cluster, and keeps only
 * those that it needs. The guest's process keeps none: after it has opened
 * everything, it works with its open files only.
 */
#include "sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../lib/number.h"
#include "landlock.h"
#include "log.h"
#include "view.h"

/* The user without --user: the first that there is. */
#define USER		"ssi"
#define USER_NOBODY	65534

/* The connector's: another one, or a number that no user has. */
#define CONNECTOR_USER	"ssi-connector"
#define CONNECTOR_UID	65533

/* For the keeper itself, and for what its children do before they give it up. */
static const unsigned int keeper_caps[] = {
	CAP_NET_ADMIN,		/* the module's netlink, and taps */
	CAP_NET_BIND_SERVICE,	/* hostfwd= from ports below 1024 */
	CAP_DAC_OVERRIDE,	/* files and devices of other users */
	CAP_DAC_READ_SEARCH,	/* the connector's */
	CAP_KILL,		/* the guest's process is another user's */
	CAP_SETUID, CAP_SETGID, CAP_SETPCAP,	/* to become another user */
	CAP_SYS_ADMIN, CAP_SYS_CHROOT,	/* to leave the host's files and networks */
};

static const unsigned int connector_caps[] = {
	CAP_NET_ADMIN,		/* to give connections to the module */
	CAP_DAC_READ_SEARCH,	/* certificates are read for each handshake */
};

static bool is_in(unsigned int cap, const unsigned int *caps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (caps[i] == cap)
			return true;
	return false;
}

/* Remember those of @caps that the process has. An ordinary user has none. */
static void choose_caps(const unsigned int *caps, size_t count)
{
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!is_in(cap, caps, count))
			capng_update(CAPNG_DROP, CAPNG_EFFECTIVE |
				     CAPNG_PERMITTED | CAPNG_INHERITABLE |
				     CAPNG_BOUNDING_SET | CAPNG_AMBIENT, cap);
}

/* The bounding set first, as far as it can be changed: that needs CAP_SETPCAP. */
static void limit_caps(const unsigned int *caps, size_t count)
{
	bool has_bounds;

	capng_get_caps_process();
	has_bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	choose_caps(caps, count);
	if ((has_bounds && capng_apply(CAPNG_SELECT_BOUNDS)) ||
	    capng_apply(CAPNG_SELECT_CAPS))
		die(EXIT_HOST, "The process cannot give up its capabilities: %s.",
		    strerror(errno));
}

static void forbid_new_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die(EXIT_HOST, "The process cannot give up new privileges: %s.",
		    strerror(errno));
}

void sandbox_keeper(const struct options *options)
{
	if (options->no_sandbox) {
		log_warn("--sandbox off: a guest that breaks out of ssi-vmm has all rights of the user who started it.");
		return;
	}
	limit_caps(keeper_caps, sizeof(keeper_caps) / sizeof(keeper_caps[0]));
	forbid_new_privileges();
}

/* The kernel has forgotten it with the change of the user. */
static void end_with_keeper(pid_t keeper)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper)
		_exit(EXIT_HOST);
}

/* ---- the connector ---- */

static void leave_root(const unsigned int *caps, size_t count)
{
	const struct passwd *user = getpwnam(CONNECTOR_USER);
	uid_t uid = user ? user->pw_uid : CONNECTOR_UID;
	gid_t gid = user ? user->pw_gid : CONNECTOR_UID;

	capng_get_caps_process();
	choose_caps(caps, count);
	if (capng_change_id(uid, gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING))
		die(EXIT_HOST, "The process that makes connections to other nodes cannot become the user %u: %s.",
		    uid, strerror(errno));
}

/* What it reads for each handshake, and where new files take the place of old ones. */
static void see_certificates_only(const struct options *options)
{
	const char *const files[] = {
		options->tls_ca, options->tls_certificate, options->tls_key,
		options->tls_crl,
	};

	if (!landlock_only(files, sizeof(files) / sizeof(files[0])))
		log_debug("This host's kernel has no Landlock: the process that makes connections could read all files.");
}

void sandbox_connector(const struct options *options)
{
	const size_t count = sizeof(connector_caps) / sizeof(connector_caps[0]);
	pid_t keeper = getppid();

	if (options->no_sandbox)
		return;
	if (!geteuid())
		leave_root(connector_caps, count);
	else
		limit_caps(connector_caps, count);
	see_certificates_only(options);
	end_with_keeper(keeper);
}

/* ---- the guest's process ---- */

static void find_user(const char *name, uid_t *uid, gid_t *gid)
{
	const struct passwd *user = getpwnam(name ? name : USER);
	uint64_t number;

	*uid = USER_NOBODY;
	*gid = USER_NOBODY;
	if (user) {
		*uid = user->pw_uid;
		*gid = user->pw_gid;
	} else if (name && number_parse(name, UINT32_MAX - 1, &number)) {
		*uid = number;
		*gid = number;
	} else if (name) {
		die(EXIT_USAGE, "There is no user %s; give --user a user of this host, or a number.",
		    name);
	}
	if (!*uid)
		die(EXIT_USAGE, "The guest must not run as root; give --user another user, or --sandbox off to look for an error.");
}

static void become_user(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		die(EXIT_HOST, "The guest's process cannot become the user %u: %s.",
		    uid, strerror(errno));
}

static void give_up_root(const struct options *options)
{
	uid_t uid;
	gid_t gid;

	find_user(options->user, &uid, &gid);	/* in the host's files */
	view_leave_host(device_has_usernet(&options->devices, options->self));
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_BOUNDS))
		die(EXIT_HOST, "The guest's process cannot give up capabilities for good.");
	become_user(uid, gid);
}

/* As its root is an empty folder only if it was started by root. */
static void see_nothing(const struct options *options)
{
	const char *const servers = "/etc/resolv.conf";
	bool usernet = device_has_usernet(&options->devices, options->self);

	landlock_only(&servers, usernet);
}

void sandbox_guest(const struct options *options)
{
	pid_t keeper = getppid();

	if (options->no_sandbox)
		return;
	if (!geteuid())
		give_up_root(options);
	else if (options->user)
		die(EXIT_USAGE, "Only root may give another user with --user.");
	limit_caps(NULL, 0);
	forbid_new_privileges();
	see_nothing(options);
	end_with_keeper(keeper);
}
