/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: other programs ask ssi-vmm, by HTTP over a unix socket, how the
 * guest does, and press its power button or end it. In the keeper.
 *
 *	GET  /state	{ cluster, node, nodes, state, quick_resets }
 *	POST /button	press the power button, as often as wanted
 *	POST /quit	end the guest without asking it
 */
#ifndef VMM_CONTROL_H
#define VMM_CONTROL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define CONTROL_CLIENTS	8
#define CONTROL_FDS	(CONTROL_CLIENTS + 1)

/**
 * struct control_ops - what the keeper does for a program
 * @describe: write the members of GET /state
 * @press: press the button; returns false if there is no guest yet
 * @quit: end the guest
 */
struct control_ops {
	void (*describe)(char *text, size_t size);
	bool (*press)(void);
	void (*quit)(void);
};

/* Listen at @path, mode 0600. Ends the process with an error. While setting up. */
void control_open(const char *path, const struct control_ops *ops);

/* Fill what to poll for. Return: how many of CONTROL_FDS; 0 without a socket. */
unsigned int control_poll(struct pollfd polled[CONTROL_FDS]);

/* After the poll: accept programs, answer them. Waits for nothing. */
void control_serve(const struct pollfd *polled, unsigned int count);

/* In the keeper's children: the socket and its clients are not theirs. */
void control_close(void);

/* At the end: remove the socket. */
void control_remove(void);

#endif /* VMM_CONTROL_H */
