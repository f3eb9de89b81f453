// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KVM: there is none, so no task runs a vCPU.
 */
#include "engine/rogpt.h"
#include "engine/walks.h"
#include "sim.h"

void ssi_walks_attach(void)
{
}

void ssi_walks_look(void)
{
}

void ssi_walks_detach(void)
{
}

struct kvm_vcpu *ssi_walks_vcpu(void)
{
	return NULL;
}

void ssi_walks_end(struct ssi_region *region)
{
	(void)region;
}

void ssi_rogpt_fault(struct ssi_region *region, struct kvm_vcpu *vcpu)
{
	(void)region;
	(void)vcpu;
}
