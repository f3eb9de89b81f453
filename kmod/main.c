// SPDX-License-Identifier: GPL-2.0-only
/*
 * ssi_dsm: guest memory that several hosts share, kept coherent over RDMA or TCP.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "control/chardev.h"
#include "control/netlink.h"
#include "control/region_setup.h"
#include "engine/dispatch.h"
#include "engine/evict.h"
#include "engine/member.h"
#include "engine/request.h"
#include "memory/region.h"
#include "net/service.h"
#include "net/tcp_run.h"
#include "net/transport.h"

static unsigned int poll_us = 300;
module_param(poll_us, uint, 0444);
MODULE_PARM_DESC(poll_us, "Longest time in microseconds for which a kernel thread keeps an idle CPU busy to look for the next page to hand over (default 300); 0: there is no such thread");

static int __init ssi_main_init(void)
{
	int ret;

	ssi_member_init(&ssi_netlink_events);
	ret = ssi_tcp_run_init();
	if (ret)
		return ret;
	ret = ssi_transport_init(&ssi_dispatch_client);
	if (ret)
		goto err_tcp_run;
	ret = ssi_service_init(poll_us);
	if (ret)
		goto err_transport;
	ret = ssi_request_init();
	if (ret)
		goto err_service;
	ret = ssi_region_setup_init();
	if (ret)
		goto err_request;
	ret = ssi_region_init();
	if (ret)
		goto err_region_setup;
	ret = ssi_evict_init();
	if (ret)
		goto err_region;
	ret = ssi_netlink_init();
	if (ret)
		goto err_evict;
	ret = ssi_chardev_init();
	if (ret)
		goto err_netlink;
	return 0;

err_netlink:
	ssi_netlink_exit();
err_evict:
	ssi_evict_exit();
err_region:
	ssi_region_exit();
err_region_setup:
	ssi_region_setup_exit();
err_request:
	ssi_request_exit();
err_service:
	ssi_service_exit();
err_transport:
	ssi_transport_exit();
err_tcp_run:
	ssi_tcp_run_exit();
	return ret;
}

/*
 * No file is open, because open files hold the module. Nodes may still exist.
 */
static void __exit ssi_main_exit(void)
{
	ssi_chardev_exit();
	ssi_netlink_exit();
	ssi_tcp_run_exit();
	ssi_evict_exit();
	ssi_region_exit();
	ssi_region_setup_exit();
	ssi_request_exit();
	ssi_service_exit();
	ssi_transport_exit();
}

module_init(ssi_main_init);
module_exit(ssi_main_exit);

MODULE_DESCRIPTION("Distributed shared memory for guests that span hosts");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
