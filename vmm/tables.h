/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the cluster's options to the guest's ACPI tables. */
#ifndef VMM_TABLES_H
#define VMM_TABLES_H

#include <stdbool.h>

#include "../acpi/layout.h"
#include "../acpi/ssi_acpi.h"
#include "options.h"

/*
 * Place the CPUs and the memory of the nodes that the guest sees. Return: NULL, or the
 * reason why this guest is not possible, to complete a sentence.
 */
const char *tables_place(const struct options *options,
			 struct ssi_layout *layout);

/* Can interrupts reach all of these CPUs? Return: NULL, or why not. */
const char *tables_check_cpus(const struct ssi_layout *layout);

/* Does the guest get an ACPI PM timer on this host? */
bool tables_have_pm_timer(const struct options *options);

/**
 * tables_describe() - fill in the description for ssi_acpi_build()
 * @options: the nodes and their distances
 * @layout: of tables_place(); must outlive @config
 * @pm_timer: there is one
 * @config: out
 *
 * Return: NULL, or the error, to complete a sentence.
 */
const char *tables_describe(const struct options *options,
			    const struct ssi_layout *layout, bool pm_timer,
			    struct ssi_acpi_config *config);

#endif /* VMM_TABLES_H */
