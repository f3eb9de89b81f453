/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits how often the same sentence is logged. */
#ifndef VMM_LOG_LIMIT_H
#define VMM_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LIMIT_BURST		10u	/* times that a sentence is logged ... */
#define LOG_LIMIT_PERIOD_S	60u	/* ... in so many seconds */

/**
 * log_limit() - may a sentence be logged now?
 * @fmt: its format; the address names the sentence
 * @now_s: seconds of a monotonic clock
 * @left_out: out: how often the sentence was left out since it was last logged
 *
 * A guest can cause some warnings as often as it likes. Any thread.
 */
bool log_limit(const char *fmt, uint64_t now_s, unsigned int *left_out);

#endif /* VMM_LOG_LIMIT_H */
