/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which values are two cluster files different? */
#ifndef DIFFERENCE_H
#define DIFFERENCE_H

#include <jansson.h>

/*
 * Compare the texts of two valid files. Return: an array of { key, running, file }; the
 * values are JSON in a text, or "nothing".
 */
json_t *difference_list(const char *running, const char *file);

/*
 * The keys of @list that cannot be changed while the guest runs, as a part of a sentence;
 * "" if all can: amd-rogpt, placement, timeout, and the caches of nodes.
 */
void difference_refused(const json_t *list, char *names, size_t size);

#endif /* DIFFERENCE_H */
