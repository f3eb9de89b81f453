// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a host needs before ssi-vmm can start: the module, and an RDMA device.
 *
 * The programs modprobe, insmod and rdma do the work, so that their messages are
 * those that an administrator knows.
 */
#include "host.h"

#include <dirent.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "say.h"
#include "settings.h"

#define PATH_LEN	1024
#define MADE_FILE	"rdma-devices"
#define INFINIBAND	"/sys/class/infiniband"

/* Two nodes of one host need the same device. */
static pthread_mutex_t host_mutex = PTHREAD_MUTEX_INITIALIZER;

/* ---- the module ---- */

static int load_module(struct failure *failure)
{
	const char *const modprobe[] = { "modprobe", "ssi_dsm", NULL };
	const char *const insmod[] = { "insmod", settings.module, NULL };
	char output[CHILD_OUTPUT_MAX];

	if (!access("/sys/module/ssi_dsm", F_OK))
		return 0;
	if (!child_run(settings.module ? insmod : modprobe, output))
		return 0;
	return rest_fail(failure, 500, "module", "The module ssi_dsm cannot be loaded (%s); build it for this kernel with dkms autoinstall, or with make modules_install and depmod",
			 output[0] ? output : "modprobe failed");
}

/* ---- the RDMA device ---- */

static void made_path(char path[PATH_LEN])
{
	snprintf(path, PATH_LEN, "%s/%s", settings.state, MADE_FILE);
}

/* The network interface with an address. */
static bool find_interface(const char *address, char name[IF_NAMESIZE])
{
	struct ifaddrs *all, *one;
	char host[NI_MAXHOST];
	bool found = false;

	if (getifaddrs(&all))
		return false;
	for (one = all; one && !found; one = one->ifa_next) {
		int family = one->ifa_addr ? one->ifa_addr->sa_family : 0;

		if (family != AF_INET && family != AF_INET6)
			continue;
		found = !getnameinfo(one->ifa_addr, family == AF_INET ?
				     sizeof(struct sockaddr_in) :
				     sizeof(struct sockaddr_in6),
				     host, sizeof(host), NULL, 0, NI_NUMERICHOST) &&
			!strcmp(host, address);
		if (found)
			snprintf(name, IF_NAMESIZE, "%s", one->ifa_name);
	}
	freeifaddrs(all);
	return found;
}

static bool device_has_interface(const char *device, const char *interface)
{
	char path[PATH_LEN], name[IF_NAMESIZE + 1] = "";
	FILE *file;

	snprintf(path, sizeof(path),
		 INFINIBAND "/%s/ports/1/gid_attrs/ndevs/0", device);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fgets(name, sizeof(name), file))
		name[strcspn(name, "\n")] = '\0';
	fclose(file);
	return !strcmp(name, interface);
}

static bool has_device(const char *interface)
{
	DIR *folder = opendir(INFINIBAND);
	bool found = false;
	struct dirent *entry;

	while (folder && !found && (entry = readdir(folder)))
		found = entry->d_name[0] != '.' &&
			device_has_interface(entry->d_name, interface);
	if (folder)
		closedir(folder);
	return found;
}

/* Written down before it is made: what is left over is deleted in any case. */
static void remember(const char *device)
{
	char path[PATH_LEN];
	FILE *file;

	made_path(path);
	file = fopen(path, "ae");
	if (!file)
		return;
	fprintf(file, "%s\n", device);
	fclose(file);
}

static int make_device(const char *interface, struct failure *failure)
{
	char device[IF_NAMESIZE + 8], output[CHILD_OUTPUT_MAX];
	const char *const modprobe[] = { "modprobe", "rdma_rxe", NULL };
	const char *const add[] = {
		"rdma", "link", "add", device, "type", "rxe", "netdev",
		interface, NULL,
	};

	snprintf(device, sizeof(device), "ssi-%s", interface);
	remember(device);
	if (child_run(modprobe, output) || child_run(add, output))
		return rest_fail(failure, 500, "rdma", "There is no RDMA device at the interface %s, and none can be made (%s); use \"transport: auto\" or \"transport: tcp\"",
				 interface, output);
	say("Made the RDMA device %s at the interface %s.", device, interface);
	return 0;
}

static int need_device(const json_t *node, struct failure *failure)
{
	const char *address =
		json_string_value(json_object_get(node, "address"));
	char interface[IF_NAMESIZE];

	if (!address || !find_interface(address, interface))
		return rest_fail(failure, 409, "wrong_host", "This host has no interface with the address %s",
				 address ? address : "of the node");
	return has_device(interface) ? 0 : make_device(interface, failure);
}

int host_prepare(const json_t *plan, const json_t *node,
		 struct failure *failure)
{
	const char *transport =
		json_string_value(json_object_get(plan, "transport"));
	int ret;

	pthread_mutex_lock(&host_mutex);
	ret = load_module(failure);
	if (!ret && transport && !strcmp(transport, "rdma"))
		ret = need_device(node, failure);
	pthread_mutex_unlock(&host_mutex);
	return ret;
}

void host_made(char *text, size_t size)
{
	char path[PATH_LEN];
	FILE *file;
	size_t len = 0;

	made_path(path);
	file = fopen(path, "re");
	if (file) {
		len = fread(text, 1, size - 1, file);
		fclose(file);
	}
	text[len] = '\0';
}

void host_clean(void)
{
	char text[PATH_LEN], path[PATH_LEN], output[CHILD_OUTPUT_MAX];
	char *rest = text, *device;

	pthread_mutex_lock(&host_mutex);
	host_made(text, sizeof(text));
	while ((device = strsep(&rest, "\n"))) {
		const char *const del[] = { "rdma", "link", "del", device, NULL };

		snprintf(path, sizeof(path), INFINIBAND "/%s", device);
		if (*device && !access(path, F_OK) && child_run(del, output))
			say("The RDMA device %s cannot be deleted: %s.", device,
			    output);
	}
	made_path(path);
	unlink(path);
	pthread_mutex_unlock(&host_mutex);
}
