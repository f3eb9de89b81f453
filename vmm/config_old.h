/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of the file of this project's prototype, and what is written instead. */
#ifndef VMM_CONFIG_OLD_H
#define VMM_CONFIG_OLD_H

/**
 * config_old_advice() - what is written instead of a key of the prototype
 * @path: its place, without the numbers of list entries: "nodes[].node_id"
 *
 * Return: the end of a sentence, or NULL if the prototype had no such key.
 */
const char *config_old_advice(const char *path);

#endif /* VMM_CONFIG_OLD_H */
