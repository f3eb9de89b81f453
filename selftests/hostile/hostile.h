/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a trial of a hostile guest consists of. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdbool.h>

#include "vmm.h"

#define TRIAL_MAX_NODES	3
#define TRIAL_SECONDS	60	/* until ssi-vmm has ended */

struct trial;

/**
 * struct hostile - a guest, and what may come of it
 * @name: what is tried
 * @guest: file of the guest, without the folder and .bz
 * @options: more words for ssi-vmm, which runs in a folder with disk.img and
 *	vars.fd; as firmware, what is behind the image's name comes first
 * @code: exit code of ssi-vmm
 * @sentence: part of the last line of the log; NULL: that the guest has
 *	powered off
 * @lines: of the log, at most; 0: as many as it has nodes, and two
 * @firmware: the guest is the firmware
 * @reboots: a reset of the guest is not the end
 * @stdio: where the standard descriptors of node 0 go
 * @nodes: 0: one, without the module; otherwise a cluster in the module
 * @control: with a control socket, which is called control.NODE
 * @tap: needs an interface, which is called TRIAL_TAP
 * @drive: what the runner does meanwhile; NULL: nothing
 * @after: looks at what is left; NULL: nothing to look at
 */
struct hostile {
	const char *name;
	const char *guest;
	const char *options;
	int code;
	const char *sentence;
	unsigned int lines;
	bool firmware;
	bool reboots;
	enum vmm_stdio stdio;
	unsigned int nodes;
	bool control;
	bool tap;
	void (*drive)(struct trial *trial);
	void (*after)(struct trial *trial);
};

/**
 * struct trial - one run
 * @hostile: what is tried
 * @vmms: of each node
 * @pipe: with VMM_PIPE, node 0's standard output; nobody reads it but @drive
 * @why: what went wrong first; empty: nothing
 */
struct trial {
	const struct hostile *hostile;
	struct vmm vmms[TRIAL_MAX_NODES];
	int pipe[2];
	char why[256];
};

#define TRIAL_TAP	"ssi-hostile0"

/* The table, with an end that has no name. */
extern const struct hostile hostile_table[];

/* Note what went wrong, unless something did before. */
void trial_fail(struct trial *trial, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Run a program with arguments. Return: its exit code. */
int trial_command(const char *const *words);

#endif /* HOSTILE_H */
