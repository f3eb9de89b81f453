// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the arguments of a command to its exit code.
 *
 * A request is complete before the socket is opened, so that errors in the
 * command line are reported even where the module is not loaded.
 */

#include "request.h"

#include <errno.h>
#include <linux/netlink.h>

#include "output.h"
#include "ssictl.h"

static void call_show(const struct genl_reply *reply, void *arg)
{
	const show_fn *show = arg;

	(*show)(reply);
}

/* @show is NULL for a request that only changes something. */
static int call(struct nl_msg *request, show_fn show)
{
	struct genl genl;
	int err;

	err = genl_open(&genl);
	if (!err)
		err = genl_call(&genl, request, show ? call_show : NULL, &show);
	if (err)
		error("%s", genl.error);
	genl_close(&genl);
	return err ? EXIT_KERNEL : 0;
}

static struct nl_msg *new_request(uint8_t cmd)
{
	struct nl_msg *request = genl_request(cmd);

	if (!request)
		error("out of memory");
	return request;
}

int request_change(uint8_t cmd, const struct keyword *keywords, int argc,
		   char **argv)
{
	struct nl_msg *request;
	int code = EXIT_SYNTAX;

	request = new_request(cmd);
	if (!request)
		return EXIT_KERNEL;
	if (!args_put(request, keywords, argc, argv, NULL))
		code = call(request, NULL);
	nlmsg_free(request);
	return code;
}

int request_show(uint8_t cmd, const struct keyword *keywords, int argc,
		 char **argv, show_fn show)
{
	struct nl_msg *request;
	int code = EXIT_SYNTAX;
	bool complete;

	request = new_request(cmd);
	if (!request)
		return EXIT_KERNEL;
	if (!args_put(request, keywords, argc, argv, &complete)) {
		if (!complete)
			nlmsg_hdr(request)->nlmsg_flags |= NLM_F_DUMP;
		output_begin_array(NULL);
		code = call(request, show);
		output_end();
		if (!code)
			output_flush();
	}
	nlmsg_free(request);
	return code;
}

int request_events(show_fn show)
{
	struct genl genl;
	int err;

	err = genl_open(&genl) || genl_subscribe(&genl);
	while (!err) {
		if (!genl_receive(&genl, call_show, &show))
			continue;
		if (genl.err == ENOBUFS)
			error("events were lost: they came faster than they could be printed");
		else
			err = -1;
	}
	error("%s", genl.error);
	genl_close(&genl);
	return EXIT_KERNEL;
}
