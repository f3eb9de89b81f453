// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's CPUs in a checkpoint. */
#include "checkpoint_cpu.h"

#include <stdio.h>
#include <unistd.h>

#include "log.h"
#include "run.h"
#include "state_json.h"
#include "vcpu_state.h"

#define LOOK_US	100	/* a proxy forwards an interrupt in less */

/* A state while it is saved. */
struct saved {
	unsigned char bytes[VCPU_STATE_MAX];
	size_t len;
};

static void checkpoint_job_nothing(struct vcpu *vcpu, void *unused)
{
	(void)vcpu;
	(void)unused;
}

static void checkpoint_job_save(struct vcpu *vcpu, void *arg)
{
	struct saved *saved = arg;

	saved->len = vcpu_state_get(vcpu, saved->bytes);
}

/* By then KVM has completed its last access. */
void checkpoint_cpu_complete(struct vcpu *vcpus, unsigned int num)
{
	for (unsigned int cpu = 0; cpu < num; cpu++)
		if (vcpus[cpu].real)
			run_job(&vcpus[cpu], checkpoint_job_nothing, NULL);
}

static void checkpoint_job_look(struct vcpu *vcpu, void *arg)
{
	bool *waits = arg;

	*waits = vcpu_state_has_interrupt(vcpu);
}

void checkpoint_cpu_forward(struct vcpu *vcpus, unsigned int num)
{
	bool waits;

	for (unsigned int cpu = 0; cpu < num; cpu++) {
		if (vcpus[cpu].real)
			continue;
		do {
			waits = false;
			run_job(&vcpus[cpu], checkpoint_job_look, &waits);
			if (waits)
				usleep(LOOK_US);
		} while (waits);
	}
}

/* An empty text: it waits for its start. */
static json_t *save(struct vcpu *vcpu)
{
	static struct saved saved;

	saved.len = 0;
	run_job(vcpu, checkpoint_job_save, &saved);
	return state_json_bytes(saved.bytes, saved.len);
}

json_t *checkpoint_cpu_save(struct vcpu *vcpus, unsigned int num)
{
	json_t *states = json_object();
	char name[16];

	for (unsigned int cpu = 0; cpu < num; cpu++) {
		if (!vcpus[cpu].real)
			continue;
		snprintf(name, sizeof(name), "%u", cpu);
		if (!json_object_set_new(states, name, save(&vcpus[cpu])))
			continue;
		json_decref(states);
		return NULL;
	}
	return states;
}

static void restore(struct vcpu *vcpu, const json_t *text)
{
	static unsigned char bytes[VCPU_STATE_MAX];
	char why[VCPU_STATE_WHY_MAX];
	size_t len;

	if (!json_is_string(text))
		die(EXIT_USAGE, "The checkpoint is damaged: it has no CPU %u.",
		    vcpu->cpu);
	len = json_string_length(text) / 2;
	if (!len)
		return;
	if (len > sizeof(bytes) || !state_json_read(text, bytes, len))
		die(EXIT_USAGE, "The checkpoint is damaged: the state of CPU %u is no text of bytes.",
		    vcpu->cpu);
	if (!vcpu_state_put(vcpu, bytes, len, VCPU_STATE_WHOLE, why))
		die(EXIT_USAGE, "The state of CPU %u in the checkpoint is not possible here. %s",
		    vcpu->cpu, why);
	vcpu->is_restored = true;
}

void checkpoint_cpu_restore(struct vcpu *vcpus, unsigned int num,
			    const json_t *states)
{
	char name[16];

	for (unsigned int cpu = 0; cpu < num; cpu++) {
		snprintf(name, sizeof(name), "%u", cpu);
		if (vcpus[cpu].real)
			restore(&vcpus[cpu], json_object_get(states, name));
	}
}
