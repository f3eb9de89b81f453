/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands from a file, with the grammar of "ip -batch". */
#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>

/**
 * batch_run() - run each line of a file
 * @path: the file; "-" is standard input
 * @force: continue after a command that fails
 * @run: runs the words of one line; returns its exit code
 *
 * A line is words; quotes (' and ") join them, # begins a comment, and a backslash at
 * the end continues the line.
 *
 * Return: 0, or EXIT_SYNTAX if a command has failed or the file cannot be read.
 */
int batch_run(const char *path, bool force, int (*run)(int argc, char **argv));

#endif /* BATCH_H */
