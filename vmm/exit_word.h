/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exit codes of ssi-vmm as words, for programs. */
#ifndef VMM_EXIT_WORD_H
#define VMM_EXIT_WORD_H

#include "exit.h"

/* These words stay the same in later versions. */
static inline const char *exit_word(int code)
{
	switch (code) {
	case EXIT_GUEST_OFF:
		return "guest_off";
	case EXIT_USAGE:
		return "usage";
	case EXIT_HOST:
		return "host";
	case EXIT_GUEST_PANIC:
		return "guest_panic";
	case EXIT_NODE_LOST:
		return "node_lost";
	case EXIT_TRIPLE_FAULT:
		return "triple_fault";
	case EXIT_RESTART:
		return "reset";
	default:
		return code > EXIT_SIGNAL && code < EXIT_SIGNAL + 65 ?
		       "signal" : "unknown";
	}
}

#endif /* VMM_EXIT_WORD_H */
