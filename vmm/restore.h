/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that goes on from a checkpoint, instead of booting: ssi-vmm --restore.
 *
 * All functions end the process with a sentence on errors, and are for setting up. A
 * checkpoint is input of an attacker.
 */
#ifndef VMM_RESTORE_H
#define VMM_RESTORE_H

#include "checkpoint.h"

/* Is the guest to be restored? Not if it was, and has reset itself since then. */
bool restore_is_wanted(const struct options *options);

/*
 * Open all files, and compare what they have with the configuration. The guest sees the
 * nodes and PCI roots that it knows, whatever the nodes are now: they are set in @options.
 */
void restore_open(struct options *options);

/* With the rights for it, and when the memory is there: prepare to read it lazily. */
void restore_open_memory(void);

/* What the guest knows, and so must find again. After restore_open(). */
uint32_t restore_tsc_khz(void);
uint64_t restore_tsc(void);
bool restore_has_pm_timer(void);

/* The guest keeps the features that it had; @features: in: of all hosts, out: the guest's. */
void restore_features(struct cpufeatures *features);

/*
 * Restore this node's part of memory, its CPUs and its devices, which were all created.
 * The devices are held then (virtio/life.h).
 */
void restore_guest(const struct checkpoint_guest *guest);

#endif /* VMM_RESTORE_H */
