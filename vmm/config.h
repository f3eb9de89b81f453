/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cluster's configuration file: YAML, the same on every node. */
#ifndef VMM_CONFIG_H
#define VMM_CONFIG_H

#include "options.h"

/*
 * Read it into @options, which are untouched where the file says nothing.
 * Ends the process with a sentence about the file if it cannot be used.
 */
void config_load(const char *path, struct options *options);

/* End the process with a sentence if no guest can run on such nodes. */
void config_check_nodes(const struct options *options);

/**
 * config_parse_size() - "256M", "2G", or a number of MiB
 * @text: the text
 * @bytes: out
 *
 * Return: NULL, or what is wrong with it, to complete a sentence.
 */
const char *config_parse_size(const char *text, uint64_t *bytes);

/* "CODE[,vars=FILE]"; ends the process with a sentence if it is not. */
void config_take_firmware(const char *text, struct options *options);

#endif /* VMM_CONFIG_H */
