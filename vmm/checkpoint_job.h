/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checkpoint that the keeper has ordered, and what became of it. In the keeper. */
#ifndef VMM_CHECKPOINT_JOB_H
#define VMM_CHECKPOINT_JOB_H

#include <stdbool.h>
#include <stdio.h>

#include "checkpoint_folder.h"

/*
 * Begin one. Return: whether the guest's process has its files; else @why has a sentence.
 * @orders: the socket to the guest's process.
 */
bool checkpoint_job_begin(const char *path, unsigned int node, int orders,
			  char why[FOLDER_WHY_MAX]);

/*
 * The guest's process says that it is complete, or why not. Return: 0, or -errno: it has
 * failed after all.
 */
int checkpoint_job_end(bool complete, const char *why);

/* Print the last one, as JSON. */
void checkpoint_job_print(FILE *to);

#endif /* VMM_CHECKPOINT_JOB_H */
