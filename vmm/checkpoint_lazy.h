/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is read from a checkpoint when it is touched for the first time. */
#ifndef VMM_CHECKPOINT_LAZY_H
#define VMM_CHECKPOINT_LAZY_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Let the kernel tell which memory is touched. While setting up, with the rights for it, and
 * after memory_create_anonymous(). Return: false: this host does not.
 */
bool checkpoint_lazy_open(void);

/*
 * From now on the guest's memory is that of the checkpoint: @num files, with what
 * checkpoint_memory_write() has returned for each. After checkpoint_lazy_open(). Ends
 * the process on errors. The files and @blocks must stay.
 */
void checkpoint_lazy_start(const int *fds, json_t *const *blocks,
			   unsigned int num);

#endif /* VMM_CHECKPOINT_LAZY_H */
