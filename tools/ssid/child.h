/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that ssid runs and waits for.
 */
#ifndef SSID_CHILD_H
#define SSID_CHILD_H

#define CHILD_OUTPUT_MAX	512

/**
 * child_run() - run a program to its end
 * @argv: its path, or its name to search in the PATH, and its arguments
 * @output: out: the beginning of what it says, or why it cannot be run
 *
 * Return: its exit code, or -1.
 */
int child_run(const char *const *argv, char output[CHILD_OUTPUT_MAX]);

#endif /* SSID_CHILD_H */
