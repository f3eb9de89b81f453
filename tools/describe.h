/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the cluster's file as ssi-vmm does, for programs that must not end if
 * it has an error.
 */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include <jansson.h>
#include <stdbool.h>

#define DESCRIBE_WHY_MAX	1024

/**
 * describe_file() - check a cluster's file and describe its cluster
 * @folder: where @path is relative to, or NULL: the current folder
 * @path: the file; a sentence about an error has it as it is here
 * @why: out: the error, as a sentence without full stop
 * @again: the program has threads: run /proc/self/exe --describe, whose main()
 *	calls describe_main(), since a child of fork() alone may not do much
 *
 * The file is parsed in a child process.
 *
 * Return: an object that the caller releases, or NULL:
 *	{ cluster, transport, nodes: [ { id, address?, name?, cpus, memory } ] }
 */
json_t *describe_file(const char *folder, const char *path, bool again,
		      char why[DESCRIBE_WHY_MAX]);

/* The child's side: print the object or the error, and end the process. */
void describe_main(const char *path) __attribute__((noreturn));

#endif /* DESCRIBE_H */
