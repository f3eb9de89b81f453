/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cluster's configuration file: YAML, the same on every node. */
#ifndef VMM_CONFIG_H
#define VMM_CONFIG_H

#include "options.h"

/*
 * Read the file into @options; options that the file does not have keep their
 * values. Ends the process with an error about the file if it is not valid.
 */
void config_load(const char *path, struct options *options);

/* End the process with an error if no guest can run on these nodes. */
void config_check_nodes(const struct options *options);

/**
 * config_parse_size() - "256M", "2G", or a number of MiB
 * @text: the text
 * @bytes: out
 *
 * Return: NULL, or the error as the end of a sentence.
 */
const char *config_parse_size(const char *text, uint64_t *bytes);

/*
 * Read "0-3,8": CPUs of the host for the guest's, and NUMA nodes of the host. Return:
 * NULL, or the error as the end of a sentence.
 */
const char *config_parse_vcpupin(const char *text, struct node_options *node);
const char *config_parse_nodeset(const char *text, struct node_options *node);

/* Read a UUID as text. Return: NULL, or the error as the end of a sentence. */
const char *config_parse_uuid(const char *text, struct options *options);

/* Take "CODE[,vars=FILE]"; ends the process with an error for other texts. */
void config_take_firmware(const char *text, struct options *options);

#endif /* VMM_CONFIG_H */
