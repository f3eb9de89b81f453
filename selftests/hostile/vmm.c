// SPDX-License-Identifier: GPL-2.0-or-later
/* ssi-vmm as a child: started, watched, ended. */
#include "selftests/unit/no_io_uring.h"
#include "vmm.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS		1000000

double vmm_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

void vmm_tick(void)
{
	const struct timespec tick = { .tv_nsec = TICK_NS };

	nanosleep(&tick, NULL);
}

static int make_file(const char *name)
{
	int file = memfd_create(name, MFD_CLOEXEC);

	/* Whoever writes, writes to the end: the runner reads with pread(). */
	if (file < 0 || fcntl(file, F_SETFL, O_APPEND)) {
		perror("memfd_create");
		exit(EXIT_FAILURE);
	}
	return file;
}

static void become(struct vmm *vmm, char **words, enum vmm_stdio stdio,
		   int pipe_fd)
{
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (stdio == VMM_NO_IO_URING && !forbid_io_uring())
		perror("seccomp");
	dup2(null, STDIN_FILENO);
	dup2(stdio == VMM_PIPE ? pipe_fd : vmm->said, STDOUT_FILENO);
	dup2(vmm->logged, STDERR_FILENO);
	close(null);
	for (int fd = 0; stdio == VMM_CLOSED && fd <= STDERR_FILENO; fd++)
		close(fd);
	execvp(words[0], words);
	perror(words[0]);
	_exit(127);
}

void vmm_start(struct vmm *vmm, char **words, enum vmm_stdio stdio, int pipe_fd)
{
	*vmm = (struct vmm) {
		.said = make_file("said"), .logged = make_file("logged"),
	};
	fflush(stdout);
	vmm->pid = fork();
	if (vmm->pid < 0) {
		perror("fork");
		exit(EXIT_FAILURE);
	}
	if (!vmm->pid)
		become(vmm, words, stdio, pipe_fd);
}

static bool has_ended(struct vmm *vmm)
{
	if (!vmm->ended)
		vmm->ended = waitpid(vmm->pid, &vmm->status, WNOHANG) ==
			     vmm->pid;
	return vmm->ended;
}

char *vmm_text(int file)
{
	struct stat st;
	ssize_t len;
	char *text;

	fstat(file, &st);
	text = malloc(st.st_size + 1);
	if (!text) {
		perror("malloc");
		exit(EXIT_FAILURE);
	}
	len = pread(file, text, st.st_size, 0);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

static bool has_text(int file, const char *wanted)
{
	char *text = vmm_text(file);
	bool found = strstr(text, wanted);

	free(text);
	return found;
}

static bool until(struct vmm *vmm, int file, const char *text, double seconds)
{
	double end = vmm_now() + seconds;

	while (!has_text(file, text)) {
		if (has_ended(vmm) || vmm_now() > end)
			return has_text(file, text);
		vmm_tick();
	}
	return true;
}

bool vmm_until(struct vmm *vmm, const char *text, double seconds)
{
	return until(vmm, vmm->said, text, seconds);
}

bool vmm_until_logged(struct vmm *vmm, const char *text, double seconds)
{
	return until(vmm, vmm->logged, text, seconds);
}

bool vmm_ends(struct vmm *vmm, double seconds)
{
	double end = vmm_now() + seconds;

	while (!has_ended(vmm)) {
		if (vmm_now() > end)
			return false;
		vmm_tick();
	}
	return true;
}

int vmm_code(const struct vmm *vmm)
{
	return WIFEXITED(vmm->status) ? WEXITSTATUS(vmm->status) :
					128 + WTERMSIG(vmm->status);
}

/* Read /proc/PID/stat. Return: what follows the name in parentheses, or "". */
static const char *read_stat(const char *pid, char *text, size_t size)
{
	const char *behind_name;
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	text[0] = '\0';
	file = fopen(path, "r");
	if (file && !fgets(text, size, file))
		text[0] = '\0';
	if (file)
		fclose(file);
	behind_name = strrchr(text, ')');
	return behind_name ? behind_name + 1 : "";
}

static bool is_guest(const char *pid, pid_t parent)
{
	const char *stat;
	char text[1024];
	int found = 0;

	stat = read_stat(pid, text, sizeof(text));
	return sscanf(stat, " %*c %d", &found) == 1 && found == parent &&
	       strstr(text, "(ssi-guest)");
}

pid_t vmm_guest(const struct vmm *vmm)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t guest = 0;

	while (proc && !guest && (entry = readdir(proc)))
		if (isdigit(entry->d_name[0]) && is_guest(entry->d_name, vmm->pid))
			guest = atoi(entry->d_name);
	if (proc)
		closedir(proc);
	return guest;
}

double vmm_cpu_seconds(const struct vmm *vmm)
{
	unsigned long user = 0, system = 0;
	char text[1024], pid[16];

	snprintf(pid, sizeof(pid), "%d", vmm_guest(vmm));
	/* state, ten numbers, and the two (proc(5)) */
	if (sscanf(read_stat(pid, text, sizeof(text)),
		   " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu",
		   &user, &system) != 2)
		return 0;
	return (double)(user + system) / sysconf(_SC_CLK_TCK);
}

void vmm_free(struct vmm *vmm)
{
	if (!vmm->pid)
		return;
	if (!has_ended(vmm)) {
		kill(vmm->pid, SIGKILL);
		waitpid(vmm->pid, &vmm->status, 0);
	}
	close(vmm->said);
	close(vmm->logged);
	vmm->pid = 0;
}
