/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A checkpoint of the guest: all nodes write what they have while it stands still. */
#ifndef VMM_CHECKPOINT_H
#define VMM_CHECKPOINT_H

#include "../acpi/layout.h"
#include "cpufeatures.h"
#include "options.h"
#include "pass.h"
#include "vcpu.h"

#define CHECKPOINT_VERSION	1	/* of all files together */
#define CHECKPOINT_FORMAT	"ssi-checkpoint"

/**
 * struct checkpoint_guest - the guest, as this node has it
 * @options: the configuration
 * @layout: what the guest sees of it
 * @vcpus: its CPUs
 * @tsc_khz: the speed of its TSC
 * @features: of its CPUs
 * @has_pm_timer: it has an ACPI PM timer
 */
struct checkpoint_guest {
	const struct options *options;
	const struct ssi_layout *layout;
	struct vcpu *vcpus;
	uint32_t tsc_khz;
	const struct cpufeatures *features;
	bool has_pm_timer;
};

/* Register the messages; before cluster_start(). */
void checkpoint_init(void);

/* Take requests from here on. @guest must stay. */
void checkpoint_start(const struct checkpoint_guest *guest);

/*
 * Make one, together with all other nodes: into @fds, by enum checkpoint_file, which are
 * closed then. Returns at once; ask_checkpoint() tells what became of it.
 */
void checkpoint_ask(int fds[PASS_FDS]);

#endif /* VMM_CHECKPOINT_H */
