/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks; each reports through report.h. */
#ifndef SSI_GUEST_CHECKS_H
#define SSI_GUEST_CHECKS_H

#include "machine.h"
#include "settings.h"

void check_topology(const struct machine *machine,
		    const struct settings *settings);
void check_pci(const struct machine *machine, const struct settings *settings);
void check_memory(const struct machine *machine,
		  const struct settings *settings);
void check_atomics(const struct machine *machine,
		   const struct settings *settings);
void check_litmus(const struct machine *machine,
		  const struct settings *settings);
void check_ipi(const struct machine *machine, const struct settings *settings);
void check_clock(const struct machine *machine,
		 const struct settings *settings);
void check_latency(const struct machine *machine,
		   const struct settings *settings);
void check_zeroes(const struct machine *machine,
		  const struct settings *settings);
void check_hotplug(const struct machine *machine,
		   const struct settings *settings);

#endif /* SSI_GUEST_CHECKS_H */
