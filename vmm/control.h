/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: other programs ask ssi-vmm, by HTTP over a unix socket, how the
 * guest does, and control it. In the keeper. ssi-vmm(8) describes the paths.
 */
#ifndef VMM_CONTROL_H
#define VMM_CONTROL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "checkpoint_folder.h"
#include "keeper_msg.h"

#define CONTROL_CLIENTS	8
#define CONTROL_FDS	(CONTROL_CLIENTS + 1)

/**
 * struct control_ops - what the keeper does for a program
 * @state: print the answer to GET /state
 * @statistics: print the answer to GET /statistics
 * @checkpoint_state: print the answer to GET /checkpoint
 * @order: give the guest's process an order; returns false if no guest runs yet
 * @checkpoint: begin a checkpoint into a folder; if it returns false, @why has a sentence
 * @move: the same for the order to move a CPU; control_move_result() follows
 * @quit: end the guest
 */
struct control_ops {
	void (*state)(FILE *to);
	void (*statistics)(FILE *to);
	void (*checkpoint_state)(FILE *to);
	bool (*order)(enum order_type type);
	bool (*checkpoint)(const char *path, char why[FOLDER_WHY_MAX]);
	bool (*move)(uint32_t cpu, uint32_t node);
	void (*quit)(void);
};

/* Listen at @path, mode 0600. Ends the process with an error. While setting up. */
void control_open(const char *path, const struct control_ops *ops);

/* Fill what to poll for. Return: how many of CONTROL_FDS; 0 without a socket. */
unsigned int control_poll(struct pollfd polled[CONTROL_FDS]);

/* After the poll: accept programs, answer them. Waits for nothing. */
void control_serve(const struct pollfd *polled, unsigned int count);

/*
 * Tell the programs that listen to GET /events: an object of JSON on one line. Waits for
 * nothing: a program that does not read is cut off.
 */
void control_event(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Answer the program that waits for a CPU to move, if there is one: with a sentence, and
 * an error if @status is not 200.
 */
void control_move_result(unsigned int status, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* In the keeper's children: the socket and its clients are not theirs. */
void control_close(void);

/* At the end: remove the socket. */
void control_remove(void);

#endif /* VMM_CONTROL_H */
