/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages between the keeper and the guest's process. All have a fixed size. */
#ifndef VMM_KEEPER_MSG_H
#define VMM_KEEPER_MSG_H

#include <stdint.h>

#define ANSWER_TEXT_MAX	192

/**
 * enum ask_type - requests of the guest's process
 * @ASK_JOIN: create this node, its peers and the region in the module; once, and
 *	before anything else
 * @ASK_LINK: why is there no link to a node?
 * @ASK_LEAVE: delete what @ASK_JOIN has created; after it, and once
 * @ASK_READY: from now on the guest's process takes orders; once; has no answer
 * @ASK_RESETS: what the next process is to know of past resets; has no answer
 * @ASK_LIFE: the guest runs, or stands still; has no answer
 * @ASK_CHECKPOINT: the checkpoint that was ordered is complete, or has failed
 * @ASK_MOVED: a CPU has moved to another node; has no answer
 * @ASK_MOVE_RESULT: the result of ORDER_MOVE; has no answer
 */
enum ask_type {
	ASK_JOIN = 1,
	ASK_LINK,
	ASK_READY,
	ASK_RESETS,
	ASK_LEAVE,
	ASK_LIFE,
	ASK_CHECKPOINT,
	ASK_MOVED,
	ASK_MOVE_RESULT,
};

/**
 * enum move_result - what has become of a CPU that was to move
 * @MOVE_DONE: it has moved
 * @MOVE_NO_CPU: the guest has no such CPU
 * @MOVE_NO_NODE: the cluster has no such node
 * @MOVE_IS_THERE: it is there already
 * @MOVE_PARKED: it does not run: the guest has not started it, or has taken it offline
 * @MOVE_BUSY: another CPU moves
 * @MOVE_PAUSED: the guest stands still
 * @MOVE_STARTING: the guest does not run yet
 * @MOVE_IN_INTERRUPT: it did not come out of its interrupts in time
 * @MOVE_REFUSED: KVM there does not take its state
 * @MOVE_NOT_YET: this is not ready for use, see move.c
 * @MOVE_RESULTS: how many there are
 */
enum move_result {
	MOVE_DONE,
	MOVE_NO_CPU,
	MOVE_NO_NODE,
	MOVE_IS_THERE,
	MOVE_PARKED,
	MOVE_BUSY,
	MOVE_PAUSED,
	MOVE_STARTING,
	MOVE_IN_INTERRUPT,
	MOVE_REFUSED,
	MOVE_NOT_YET,

	MOVE_RESULTS,
};

/**
 * struct ask - a request of the guest's process
 * @type: enum ask_type
 * @node: of ASK_LINK; of the moves: where the CPU is to go
 * @quick: of ASK_RESETS, see struct resets_history
 * @paused: of ASK_LIFE: 1 or 0
 * @told_s: of ASK_RESETS
 * @complete: of ASK_CHECKPOINT: 1 or 0
 * @text: of ASK_CHECKPOINT: the reason of a failure, the end of a sentence
 * @cpu: of the moves
 * @from: of ASK_MOVED: where the CPU was
 * @result: of ASK_MOVE_RESULT: enum move_result
 * @reserved: 0
 * @ns: of the moves: for so long the CPU stood still
 */
struct ask {
	uint32_t type;
	uint32_t node;
	uint32_t quick;
	uint32_t paused;
	uint64_t told_s;
	uint64_t complete;
	char text[ANSWER_TEXT_MAX];
	uint32_t cpu;
	uint32_t from;
	uint32_t result;
	uint32_t reserved;
	uint64_t ns;
};

/**
 * struct answer - the keeper's answer
 * @result: of ASK_LINK: 1 no link, 0 a link, or -errno; of ASK_CHECKPOINT: 0 or -errno
 * @text: of ASK_LINK: a part of a sentence
 */
struct answer {
	int32_t result;
	char text[ANSWER_TEXT_MAX];
};

/**
 * enum order_type - what the keeper tells the guest's process
 * @ORDER_SIGNAL: the keeper has received a signal
 * @ORDER_BUTTON: press the guest's power button; as all that follow, it may come
 *	several times, and on any node
 * @ORDER_RESET: reset the guest
 * @ORDER_NMI: give CPU 0 of the guest an NMI
 * @ORDER_PAUSE: let the guest stand still
 * @ORDER_RESUME: let it run again
 * @ORDER_CHECKPOINT: write a checkpoint into the files whose descriptors come with it; on
 *	each node. ASK_CHECKPOINT must follow
 * @ORDER_MOVE: let a CPU move to another node; ASK_MOVE_RESULT follows
 */
enum order_type {
	ORDER_SIGNAL = 1,
	ORDER_BUTTON,
	ORDER_RESET,
	ORDER_NMI,
	ORDER_PAUSE,
	ORDER_RESUME,
	ORDER_CHECKPOINT,
	ORDER_MOVE,
};

/**
 * struct order - an order of the keeper
 * @type: enum order_type
 * @signal: of ORDER_SIGNAL
 * @cpu: of ORDER_MOVE, of any value
 * @node: the same
 */
struct order {
	uint32_t type;
	uint32_t signal;
	uint32_t cpu;
	uint32_t node;
};

_Static_assert(sizeof(struct ask) == 56 + ANSWER_TEXT_MAX, "no holes");
_Static_assert(sizeof(struct answer) == 4 + ANSWER_TEXT_MAX, "no holes");
_Static_assert(sizeof(struct order) == 16, "no holes");

#endif /* VMM_KEEPER_MSG_H */
