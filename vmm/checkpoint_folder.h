/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folder of a checkpoint that is being made. In the keeper, which opens its files and
 * hands them to the guest's process.
 *
 * A node writes the files memory-ID and node-ID.json there, and node 0 at last
 * manifest.json, which appears by its complete name only when all others are complete.
 */
#ifndef VMM_CHECKPOINT_FOLDER_H
#define VMM_CHECKPOINT_FOLDER_H

#include <stdbool.h>

#define CHECKPOINT_FILES	3
#define CHECKPOINT_MANIFEST	"manifest.json"
#define FOLDER_WHY_MAX		1280

enum checkpoint_file {
	CHECKPOINT_MEMORY,
	CHECKPOINT_NODE,
	CHECKPOINT_LAST,	/* the manifest; of node 0 */
};

/**
 * checkpoint_folder_open() - create the files
 * @path: of the folder, which is created if it does not exist
 * @node: id of this node
 * @fds: out: descriptors, by enum checkpoint_file; the caller closes them
 * @why: out: a sentence, if it has failed
 *
 * Return: whether it was possible. Then checkpoint_folder_end() must follow.
 */
bool checkpoint_folder_open(const char *path, unsigned int node,
			    int fds[CHECKPOINT_FILES], char why[FOLDER_WHY_MAX]);

/* Is one open? */
bool checkpoint_folder_is_open(void);

/*
 * The checkpoint is complete, or has failed and leaves nothing behind. Return: 0, or
 * -errno: it has failed after all.
 */
int checkpoint_folder_end(bool complete);

#endif /* VMM_CHECKPOINT_FOLDER_H */
