/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ssi-vmm as a child: started, watched, ended. */
#ifndef HOSTILE_VMM_H
#define HOSTILE_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct vmm - one ssi-vmm
 * @pid: its process
 * @said: a file with what the guest has said (standard output)
 * @logged: a file with the log (standard error)
 * @ended: it has ended
 * @status: of waitpid()
 */
struct vmm {
	pid_t pid;
	int said;
	int logged;
	bool ended;
	int status;
};

/*
 * Where a child's standard descriptors go: to @said and @logged unless said. The
 * last one is the same, but the child may not use io_uring.
 */
enum vmm_stdio { VMM_FILES, VMM_CLOSED, VMM_PIPE, VMM_NO_IO_URING };

/**
 * vmm_start() - run it
 * @vmm: out
 * @words: program and arguments, NULL at the end
 * @stdio: VMM_CLOSED: descriptors 0 to 2 are closed; VMM_PIPE: standard output
 *	is @pipe_fd
 * @pipe_fd: see @stdio
 */
void vmm_start(struct vmm *vmm, char **words, enum vmm_stdio stdio,
	       int pipe_fd);

/* Wait until the guest has said @text, or the end. Return: whether it has. */
bool vmm_until(struct vmm *vmm, const char *text, double seconds);

/* The same for the log. */
bool vmm_until_logged(struct vmm *vmm, const char *text, double seconds);

/* Wait for its end. Return: false if it runs on. */
bool vmm_ends(struct vmm *vmm, double seconds);

/* Its exit code; 128 and the signal if it died of one. */
int vmm_code(const struct vmm *vmm);

/* The process that runs the guest, a child of @vmm->pid; 0: there is none. */
pid_t vmm_guest(const struct vmm *vmm);

/* Seconds of CPU that this process has used so far. */
double vmm_cpu_seconds(const struct vmm *vmm);

/* End it if it runs, and close the files. */
void vmm_free(struct vmm *vmm);

/* All of one of its files; the caller frees it. */
char *vmm_text(int file);

/* Seconds of the monotonic clock; and a short wait between two looks. */
double vmm_now(void);
void vmm_tick(void);

#endif /* HOSTILE_VMM_H */
