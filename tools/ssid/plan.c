// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cluster that this host is part of: its file, and what the file says.
 */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/ssi_dsm.h>

#include "../../lib/member.h"
#include "../describe.h"
#include "guest.h"
#include "say.h"
#include "settings.h"

#define FILE_NAME	"cluster.yaml"
#define PATH_LEN	512

/* Protects plan_current. */
static pthread_mutex_t plan_mutex = PTHREAD_MUTEX_INITIALIZER;
static json_t *plan_current;

static int write_file(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t written;

	if (fd < 0)
		return -1;
	written = write(fd, text, len);
	if (close(fd) || written < 0)
		return -1;
	if ((size_t)written == len)
		return 0;
	errno = ENOSPC;
	return -1;
}

/* The parser reads files, and its sentences have the name of the file. */
static json_t *describe_text(const char *text, size_t len,
			     struct failure *failure)
{
	char folder[PATH_LEN], path[PATH_LEN + 32], why[DESCRIBE_WHY_MAX];
	json_t *plan = NULL;

	snprintf(folder, sizeof(folder), "%s/new.XXXXXX", settings.state);
	if (!mkdtemp(folder)) {
		rest_fail(failure, 500, "host", "No folder can be made in %s: %s",
			  settings.state, strerror(errno));
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/%s", folder, FILE_NAME);
	if (write_file(path, text, len)) {
		rest_fail(failure, 500, "host", "The file %s cannot be written: %s",
			  path, strerror(errno));
	} else {
		plan = describe_file(folder, FILE_NAME, true, why);
		if (!plan)
			rest_fail(failure, 400, "config_invalid", "%s", why);
	}
	unlink(path);
	rmdir(folder);
	return plan;
}

json_t *plan_read(const char *text, size_t len, struct failure *failure)
{
	json_t *plan, *file = json_stringn(text, len);

	if (!file) {
		rest_fail(failure, 400, "config_invalid",
			  "The configuration is not UTF-8");
		return NULL;
	}
	plan = describe_text(text, len, failure);
	if (plan)
		json_object_set_new(plan, "file", file);
	else
		json_decref(file);
	return plan;
}

json_t *plan_get(void)
{
	json_t *plan;

	pthread_mutex_lock(&plan_mutex);
	plan = json_incref(plan_current);
	pthread_mutex_unlock(&plan_mutex);
	return plan;
}

static void replace(json_t *plan)
{
	json_t *old;

	pthread_mutex_lock(&plan_mutex);
	old = plan_current;
	plan_current = json_incref(plan);
	pthread_mutex_unlock(&plan_mutex);
	json_decref(old);
}

static void file_path(char path[PATH_LEN])
{
	snprintf(path, PATH_LEN, "%s/%s", settings.state, FILE_NAME);
}

/* Written under another name first: ssi-vmm reads it again when the guest resets itself. */
int plan_keep(json_t *plan, struct failure *failure)
{
	json_t *file = json_object_get(plan, "file");
	char path[PATH_LEN], new[PATH_LEN + 8];

	file_path(path);
	snprintf(new, sizeof(new), "%s.new", path);
	if (write_file(new, json_string_value(file), json_string_length(file)) ||
	    rename(new, path))
		return rest_fail(failure, 500, "host", "The file %s cannot be written: %s",
				 path, strerror(errno));
	replace(plan);
	return 0;
}

void plan_forget(void)
{
	char path[PATH_LEN];

	file_path(path);
	unlink(path);
	replace(NULL);
}

/* Without its file, the guest would look as if it did not run. */
static void need_no_plan(const char *path, const char *why)
{
	for (unsigned int id = 0; id < SSI_DSM_MAX_NODES; id++)
		if (guest_runs(id))
			say_and_end("Node %u runs on this host, and the file %s of its cluster cannot be used: %s.",
				    id, path, why);
}

void plan_init(void)
{
	char path[PATH_LEN], *text = calloc(1, REST_BODY_MAX + 1);
	struct failure failure = { .why = "it is not there" };
	FILE *file;
	size_t len;

	file_path(path);
	file = fopen(path, "re");
	if (file && text) {
		len = fread(text, 1, REST_BODY_MAX, file);
		plan_current = plan_read(text, len, &failure);
		if (!plan_current)
			say("The file %s of the running cluster cannot be used: %s.",
			    path, failure.why);
	}
	if (!plan_current)
		need_no_plan(path, failure.why);
	if (file)
		fclose(file);
	free(text);
}

json_t *plan_node(const json_t *plan, unsigned int id)
{
	json_t *node;
	size_t i;

	json_array_foreach(json_object_get(plan, "nodes"), i, node)
		if (plan_node_id(node) == id)
			return node;
	return NULL;
}

unsigned int plan_node_id(const json_t *node)
{
	return member_number(node, "id");
}

static bool is_address(const struct sockaddr *addr, const char *text)
{
	socklen_t len = addr->sa_family == AF_INET ?
			sizeof(struct sockaddr_in) :
			sizeof(struct sockaddr_in6);
	char host[NI_MAXHOST];

	if (addr->sa_family != AF_INET && addr->sa_family != AF_INET6)
		return false;
	return !getnameinfo(addr, len, host, sizeof(host), NULL, 0,
			    NI_NUMERICHOST) && !strcmp(host, text);
}

bool plan_is_here(const json_t *node)
{
	const char *text = json_string_value(json_object_get(node, "address"));
	struct ifaddrs *all, *one;
	bool found = !text;

	if (!text || getifaddrs(&all))
		return found;
	for (one = all; one && !found; one = one->ifa_next)
		found = one->ifa_addr && is_address(one->ifa_addr, text);
	freeifaddrs(all);
	return found;
}
