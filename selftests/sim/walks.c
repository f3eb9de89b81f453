// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KVM: there is none. But programs fault as KVM does for a vCPU, and play its
 * worker (programs.c).
 */
#include "engine/gather.h"
#include "engine/heat.h"
#include "engine/rogpt.h"
#include "engine/walks.h"
#include "guest_time.h"
#include "tasks.h"

void ssi_guest_time_init(struct ssi_guest_time *time)
{
	(void)time;
}

void ssi_guest_time_exit(struct ssi_guest_time *time)
{
	(void)time;
}

void ssi_walks_attach(void)
{
}

void ssi_walks_look(void)
{
}

void ssi_walks_detach(void)
{
}

/* Only compared with NULL. */
struct kvm_vcpu *ssi_walks_vcpu(void)
{
	return sim_self()->plays_vcpu ? (struct kvm_vcpu *)sim_self() : NULL;
}

u32 ssi_walks_cpu(void)
{
	return sim_self()->plays_vcpu ? sim_one_in(2) : SSI_HEAT_NO_CPU;
}

bool ssi_walks_is_async(void)
{
	return sim_self()->plays_worker;
}

void ssi_walks_end(struct ssi_region *region)
{
	ssi_gather_walked(region, sim_one_in(2));
}

void ssi_rogpt_fault(struct ssi_region *region, struct kvm_vcpu *vcpu)
{
	(void)region;
	(void)vcpu;
}
