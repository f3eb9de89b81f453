/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user may have meant by a key that is not known. */
#ifndef VMM_CONFIG_GUESS_H
#define VMM_CONFIG_GUESS_H

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * config_guess() - guess which key was meant
 * @word: the key that is not known
 * @here: schema of the mapping that has it
 * @root: schema of the whole file
 * @guess: out: "\"cpus\"", or "\"kernel\" of \"guest\"" if the key exists elsewhere
 * @size: bytes of @guess
 *
 * Return: whether there is a guess.
 */
bool config_guess(const char *word, const cyaml_schema_value_t *here,
		  const cyaml_schema_value_t *root, char *guess, size_t size);

#endif /* VMM_CONFIG_GUESS_H */
