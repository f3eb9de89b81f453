// SPDX-License-Identifier: GPL-2.0-or-later
/* Which files a process may open (Landlock). The C library has no calls for it. */
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

static void must(long ret, const char *what)
{
	if (ret < 0)
		die(EXIT_HOST, "The process cannot give up the host's files (Landlock): %s: %s; with --sandbox off it keeps them.",
		    what, strerror(errno));
}

/*
 * The rights that the versions of the kernel's interface know: 13 in the first one, and
 * more in later ones. Those that a kernel knows are consecutive bits.
 */
static uint64_t all_rights(long version)
{
	static const unsigned int bits[] = { 13, 14, 15, 15, 16 };
	const long known = sizeof(bits) / sizeof(bits[0]);

	return (1ull << bits[(version < known ? version : known) - 1]) - 1;
}

/*
 * The folder stays open. Else a file system that keeps no inodes of what is not open (9p
 * without a cache) would make another one for the same folder, without the rule.
 */
static void allow_folder(int rules, const char *path)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
				  LANDLOCK_ACCESS_FS_READ_DIR,
		.parent_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC),
	};

	/* If there is none, its files cannot be read in any case. */
	if (rule.parent_fd < 0)
		return;
	must(syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
		     &rule, 0), path);
}

static void allow_folder_of(int rules, const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", file);
	allow_folder(rules, dirname(path));
	if (realpath(file, path))
		allow_folder(rules, dirname(path));
}

bool landlock_only(const char *const *paths, size_t count)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
			       LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = { 0 };
	int rules;

	if (version < 1)
		return false;
	attr.handled_access_fs = all_rights(version);
	rules = syscall(SYS_landlock_create_ruleset, &attr,
			sizeof(attr.handled_access_fs), 0);
	must(rules, "rules");
	for (size_t i = 0; i < count; i++)
		if (paths[i])
			allow_folder_of(rules, paths[i]);
	must(syscall(SYS_landlock_restrict_self, rules, 0), "restriction");
	close(rules);
	return true;
}
