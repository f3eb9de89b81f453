/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arguments: pairs of keyword and value, put into a netlink message.
 */
#ifndef ARGS_H
#define ARGS_H

#include <stdbool.h>
#include <stdint.h>

struct nl_msg;

#define ARG_REQUIRED	(1u << 0)	/* the command is incomplete without */
#define ARG_MANY	(1u << 1)	/* may be given more than once */

/**
 * struct keyword - one keyword of a command
 * @name: what the user types, or the beginning of it
 * @put: puts the value into the message as @attr; 0, or -1 after error()
 * @attr: enum ssi_dsm_attr, or what @put says
 * @flags: ARG_*
 */
struct keyword {
	const char *name;
	int (*put)(struct nl_msg *msg, uint32_t attr, const char *value);
	uint32_t attr;
	unsigned int flags;
};

/*
 * @keywords ends with an entry without name. Return: 0, or -1 after error().
 * @complete: whether all required ones were there; NULL if that is an error.
 */
int args_put(struct nl_msg *msg, const struct keyword *keywords, int argc,
	     char **argv, bool *complete);

int args_put_string(struct nl_msg *msg, uint32_t attr, const char *value);
/* The name of a new cluster. */
int args_put_name(struct nl_msg *msg, uint32_t attr, const char *value);
int args_put_u32(struct nl_msg *msg, uint32_t attr, const char *value);
/* ADDRESS[:PORT], [ADDRESS6]:PORT */
int args_put_addr(struct nl_msg *msg, uint32_t attr, const char *value);
/* rdma, loop */
int args_put_transport(struct nl_msg *msg, uint32_t attr, const char *value);
/* NODE:SIZE */
int args_put_map(struct nl_msg *msg, uint32_t attr, const char *value);
/* A number, also with a unit of size, or auto; @id: enum ssi_dsm_policy */
int args_put_policy(struct nl_msg *msg, uint32_t id, const char *value);

#endif /* ARGS_H */
