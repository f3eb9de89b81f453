// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module loads, cannot be unloaded while it is used, and frees everything
 * when it is unloaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libcluster.h"
#include "selftests/unit/tap.h"

#define TIMES	20

static struct cluster cluster = {
	.name = "module", .nodes = 3, .each = 2 * MIB,
};

static bool is_loaded(void)
{
	return !access("/sys/module/ssi_dsm", F_OK);
}

/* Unloads; prints the reason if that fails. */
static bool unloads(void)
{
	int ret = module_unload();

	if (ret)
		tap_diag("delete_module: %s", strerror(-ret));
	return !ret && !is_loaded() && access(SSI_DSM_DEVICE, F_OK);
}

static bool loads(void)
{
	return !module_load() && is_loaded() &&
	       !access(SSI_DSM_DEVICE, R_OK | W_OK) && !conf_open();
}

static void test_open_file(void)
{
	int fd = open(SSI_DSM_DEVICE, O_RDWR);

	tap_ok(fd >= 0, "the device opens");
	tap_ok(module_unload() == -EWOULDBLOCK,
	       "rmmod is refused while the device is open");
	close(fd);
	tap_ok(unloads() && loads(), "rmmod works once the device is closed");
}

static void test_mapping(void)
{
	void *mem;
	int fd;

	cluster_make(&cluster);
	tap_ok(cluster_wait_ready(&cluster), "three nodes are ready");
	fd = attach(cluster.name, 1, 0);
	mem = fd < 0 ? NULL : map_region(fd, cluster_size(&cluster));
	close(fd);
	tap_ok(mem && module_unload() == -EWOULDBLOCK,
	       "rmmod is refused while the region is mapped");
	if (mem) {
		memset(mem, 0x5a, cluster_size(&cluster));
		munmap(mem, cluster_size(&cluster));
	}
	tap_ok(unloads(), "rmmod without a mapping deletes nodes, peers and regions");
	tap_ok(loads() && node_get(cluster.name, 1) == -ENOENT,
	       "the module loaded again has none of them");
}

/* Loaded, configured, and unloaded while nodes still connect. */
static void test_quick(void)
{
	bool all = true;
	int i;

	for (i = 0; i < TIMES && all; i++) {
		cluster_make(&cluster);
		all = unloads() && loads();
	}
	tap_ok(all, "configured and unloaded at once, %d times", TIMES);
}

int main(void)
{
	if (!is_loaded() && module_load())
		tap_skip_all("modprobe ssi_dsm fails");
	tap_plan(10);
	tap_ok(!conf_open(), "the netlink family is there");
	tap_ok(unloads() && loads(), "unloads and loads");
	test_open_file();
	test_mapping();
	test_quick();
	return tap_exit();
}
