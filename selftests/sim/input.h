/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run with a hostile node, whose messages a fuzzer chooses; also for files that
 * are not built like the simulator.
 */
#ifndef SIM_INPUT_H
#define SIM_INPUT_H

#include <stddef.h>

/* Bytes of an input: 8 of the run's seed, 1 of the node, and its messages. */
#define SIM_INPUT_HEAD		9
#define SIM_INPUT_MESSAGE	16

/**
 * run_input() - one run, in which a node sends what an input says
 * @data: the input
 * @size: its bytes; what is left after the last whole message is not used
 *
 * Once in a process. Does not return if the engine does what it must not.
 */
void run_input(const unsigned char *data, size_t size);

#endif /* SIM_INPUT_H */
