// SPDX-License-Identifier: GPL-2.0-or-later
/* What the runner does to ssi-vmm while a guest runs, and afterwards. */
#include "drive.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>

#define WAIT_S		20	/* for what has to come */
#define IDLE_S		1
#define IDLE_SHARE	0.3	/* of a CPU, while nothing happens */
#define DISK_BYTE	0xa5

static void wait_for(struct trial *trial, const char *text)
{
	if (!vmm_until(&trial->vmms[0], text, WAIT_S))
		trial_fail(trial, "the guest does not say \"%s\"", text);
}

static void end(struct trial *trial)
{
	kill(trial->vmms[0].pid, SIGHUP);
}

/* How much of a CPU it uses. */
static void measure_idle(struct trial *trial)
{
	struct vmm *vmm = &trial->vmms[0];
	double before = vmm_cpu_seconds(vmm), used;

	if (vmm_ends(vmm, IDLE_S))
		return;		/* which the exit code tells */
	used = vmm_cpu_seconds(vmm) - before;
	if (used > IDLE_SHARE * IDLE_S)
		trial_fail(trial, "ssi-vmm has used %.2f s of CPU in %d s while nothing happened",
			   used, IDLE_S);
}

void drive_idle(struct trial *trial)
{
	wait_for(trial, "idle");
	measure_idle(trial);
	end(trial);
}

void drive_tap_deletion(struct trial *trial)
{
	static const char *const words[] = {
		"ip", "link", "del", TRIAL_TAP, NULL,
	};

	wait_for(trial, "up");
	if (trial_command(words))
		trial_fail(trial, "the interface cannot be deleted");
	drive_idle(trial);
}

/* Wait until the pipe takes no more, and some longer. */
static bool is_full(struct trial *trial)
{
	struct pollfd wait = { .fd = trial->pipe[1], .events = POLLOUT };
	double end = vmm_now() + WAIT_S;

	while (poll(&wait, 1, 0) == 1 && vmm_now() < end)
		vmm_tick();
	return !poll(&wait, 1, 0) && !vmm_ends(&trial->vmms[0], IDLE_S);
}

void drive_blocked_console(struct trial *trial)
{
	struct vmm *vmm = &trial->vmms[0];

	if (!is_full(trial)) {
		trial_fail(trial, "the guest does not fill the pipe");
		return;
	}
	kill(vmm->pid, SIGTERM);
	if (vmm_ends(vmm, IDLE_S))
		trial_fail(trial, "the first SIGTERM has ended it");
	kill(vmm->pid, SIGTERM);
}

void drive_check_disk(struct trial *trial)
{
	FILE *file = fopen("disk.img", "r");
	int byte;

	if (!file) {
		trial_fail(trial, "the disk has gone");
		return;
	}
	while ((byte = getc(file)) == DISK_BYTE)
		;
	if (byte != EOF)
		trial_fail(trial, "something was written to the disk");
	fclose(file);
}
