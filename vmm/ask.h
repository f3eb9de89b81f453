/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's process asks the keeper for what needs rights (keeper.c). */
#ifndef VMM_ASK_H
#define VMM_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * ask_init() - begin to be the guest's process
 * @requests: the socket for requests and answers
 * @orders: the socket on which the keeper's orders arrive
 */
void ask_init(int requests, int orders);

/* The socket with the keeper's orders, struct order. */
int ask_orders(void);

/*
 * Have this node, its peers and the region created in the module. If the module
 * refuses, the keeper says so and ends this process.
 */
void ask_join(void);

/*
 * Have them deleted before this process ends, which takes longer. From here on the
 * guest's memory is gone.
 */
void ask_leave(void);

/**
 * ask_link() - why is there no link to a node?
 * @node: the node
 * @text: out: a part of a sentence
 * @size: of @text
 *
 * Return: 1 if there is no link, 0 if there is, or -errno.
 */
int ask_link(unsigned int node, char *text, size_t size);

/* From now on this process takes orders. Before, a signal to the keeper ends it. */
void ask_ready(void);

/* Tell that the guest runs, or that it stands still. */
void ask_life(bool paused);

/* Tell that a CPU has moved. */
void ask_moved(unsigned int cpu, unsigned int from, unsigned int to, uint64_t ns);

/**
 * struct move_end - what has become of ORDER_MOVE
 * @cpu: the CPU, of any value
 * @node: where it was to go, of any value
 * @result: enum move_result
 * @ns: for so long it stood still
 */
struct move_end {
	uint32_t cpu;
	uint32_t node;
	uint32_t result;
	uint64_t ns;
};

/* Tell the result of ORDER_MOVE. */
void ask_move_result(const struct move_end *end);

/* Leave the numbers of struct resets_history to the next process. */
void ask_resets(unsigned int quick, uint64_t told_s);

/*
 * The checkpoint that was ordered is complete, or has failed: @why, the end of a
 * sentence. Return: 0, or -errno: it has failed after all.
 */
int ask_checkpoint(bool complete, const char *why);

#endif /* VMM_ASK_H */
