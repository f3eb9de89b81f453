/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes of the guest's nodes on this host.
 *
 * DOC: Theory of operation
 *
 * A process of its own, the watcher, starts ssi-vmm for a node, keeps the end of
 * what ssi-vmm prints, and writes down how it ended. It is no child of ssid, so
 * that ssid can end and start again while the guest runs. While a watcher lives
 * it holds a lock on the file N.lock in the folder of the state (N is the id of
 * the node): so ssid finds it, whatever the process ids are.
 *
 *	N.lock		held while the node runs
 *	N.up		the node was connected since its start
 *	N.exit		JSON: how it ended
 *	N.control	the control socket of ssi-vmm
 *	N.input		a named pipe: what is written there is typed at the guest's console
 *	N.log		what ssi-vmm has said (and N.log.old before that)
 *	N.console	what the guest has printed (and N.console.old); N.console.base tells
 *			how many bytes came before N.console
 */
#ifndef SSID_GUEST_H
#define SSID_GUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "rest.h"

#define GUEST_PATH_LEN	512

/* Does ssi-vmm of this node run? */
bool guest_runs(unsigned int id);

/*
 * Was the node connected since its start? Then it is known later, also by the next ssid, that
 * it does not start.
 */
bool guest_was_up(unsigned int id);
void guest_is_up(unsigned int id);

/* Start it with the file of the plan of this host. Return: 0 or -1. */
int guest_start(unsigned int id, struct failure *failure);

/* Press the guest's power button. Return: false if the node does not run. */
bool guest_press(unsigned int id);

/* End ssi-vmm of the node, and wait for that. */
void guest_end(unsigned int id);

/* Forget how a node ended that does not run; nothing may start it meanwhile. */
void guest_forget(unsigned int id);

/* How it ended: { code, cause, reason }, or NULL; the caller releases it. */
json_t *guest_exit(unsigned int id);

/*
 * The end of what ssi-vmm has said, or of what the guest has printed, also after its
 * end. Return: NULL, or a text to be freed.
 */
char *guest_output(unsigned int id, bool console);

/* The path of one of these files; @what is for example "control". */
void guest_path(unsigned int id, const char *what, char path[GUEST_PATH_LEN]);

#endif /* SSID_GUEST_H */
