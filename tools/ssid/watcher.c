// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The watcher: the process that starts ssi-vmm for one node and outlives ssid. See
 * guest.h.
 *
 * Its first process ends when ssi-vmm runs, so that the watcher is nobody's child.
 * The pipe "ready" is closed by then; before, it has the reason of a failure.
 */
#include "watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/http.h"
#include "../../vmm/exit_word.h"
#include "tail.h"

#define PRESS_S	5	/* for ssi-vmm to answer */

static struct watcher {
	const char *id;
	char control[64];
	const char *vmm;
	int ready;
	int signals;
	pid_t pid;
	struct tail log;
	struct tail console;
} watcher;

__attribute__((noreturn, format(printf, 1, 2)))
static void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vdprintf(watcher.ready, fmt, args);
	va_end(args);
	_exit(EXIT_FAILURE);
}

static void take_lock(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s.lock", watcher.id);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		fail("%s: %s", path, strerror(errno));
	if (fcntl(fd, F_SETLK, &lock))
		fail("the node runs already");
}

static void set_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, WATCHER_PRESS);
	sigaddset(&set, WATCHER_END);
	sigaddset(&set, WATCHER_KILL);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	watcher.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (watcher.signals < 0)
		fail("signalfd: %s", strerror(errno));
}

/* Its other end never closes: who types may come and go. */
static int open_input(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s.input", watcher.id);
	unlink(path);
	if (mkfifo(path, 0600))
		fail("%s: %s", path, strerror(errno));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail("%s: %s", path, strerror(errno));
	return fd;
}

__attribute__((noreturn))
static void run_vmm(int input, int console, int log)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(input, STDIN_FILENO);
	dup2(console, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execlp(watcher.vmm, "ssi-vmm", "--config", "cluster.yaml", "--node",
	       watcher.id, "--control", watcher.control, NULL);
	fail("%s: %s", watcher.vmm, strerror(errno));
}

static void start_vmm(void)
{
	int input = open_input(), console[2], log[2];
	char name[64];

	if (pipe2(console, O_CLOEXEC) || pipe2(log, O_CLOEXEC))
		fail("a pipe: %s", strerror(errno));
	snprintf(name, sizeof(name), "%s.console", watcher.id);
	tail_open(&watcher.console, name, console[0]);
	snprintf(name, sizeof(name), "%s.log", watcher.id);
	tail_open(&watcher.log, name, log[0]);
	watcher.pid = fork();
	if (watcher.pid < 0)
		fail("a process: %s", strerror(errno));
	if (!watcher.pid)
		run_vmm(input, console[1], log[1]);
	close(input);
	close(console[1]);
	close(log[1]);
}

/* The last line, without "ssi-vmm[1]: ". */
static const char *reason(void)
{
	const char *line = tail_last_line(&watcher.log);
	const char *end = strncmp(line, "ssi-vmm", 7) ? NULL : strstr(line, ": ");

	return end ? end + 2 : line;
}

/* Written under another name first: ssid must not see half of it. */
static void write_exit(int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) :
				       EXIT_SIGNAL + WTERMSIG(status);
	json_t *object;
	char path[64], temporary[64];

	object = json_pack("{s:i, s:s, s:s}", "code", code, "cause",
			   exit_word(code), "reason", reason());
	snprintf(path, sizeof(path), "%s.exit", watcher.id);
	snprintf(temporary, sizeof(temporary), "%s.exit.new", watcher.id);
	if (!json_dump_file(object, temporary, 0))
		rename(temporary, path);
	json_decref(object);
}

/* Take the rest of what it has said; others may have the ends of the pipes, too. */
static void end(int status)
{
	while (tail_take(&watcher.console) > 0)
		;
	while (tail_take(&watcher.log) > 0)
		;
	write_exit(status);
	_exit(0);
}

/*
 * A second SIGTERM would end the guest; so would the first before there is one. An
 * ssi-vmm that does not answer must not keep the watcher from its work, so a process of
 * its own asks.
 */
static void press(void)
{
	const struct http_request request = {
		.method = "POST", .path = "/button", .host = "x",
		.limit_s = PRESS_S,
	};
	/* ssi-vmm may end meanwhile, and its id be of another process. */
	int vmm = pidfd_open(watcher.pid, 0);
	struct http_answer answer = { 0 };
	char why[HTTP_WHY_MAX];

	if (fork()) {
		close(vmm);
		return;
	}
	if (http_unix(watcher.control, &request, &answer, why) ||
	    answer.status != 202)
		pidfd_send_signal(vmm, SIGTERM, NULL, 0);
	_exit(0);
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == watcher.pid)
			end(status);
}

static void take_signal(void)
{
	struct signalfd_siginfo info;

	while (read(watcher.signals, &info, sizeof(info)) == sizeof(info)) {
		/* SIGHUP ends ssi-vmm without a press of the button. */
		if (info.ssi_signo == WATCHER_PRESS)
			press();
		else if (info.ssi_signo == WATCHER_END)
			kill(watcher.pid, SIGHUP);
		else if (info.ssi_signo == WATCHER_KILL)
			kill(watcher.pid, SIGKILL);
		else
			reap();
	}
}

__attribute__((noreturn))
static void watch(void)
{
	struct pollfd polled[] = {
		{ .fd = watcher.signals, .events = POLLIN },
		{ .fd = watcher.console.from, .events = POLLIN },
		{ .fd = watcher.log.from, .events = POLLIN },
	};

	for (;;) {
		poll(polled, 3, -1);
		if (polled[1].revents && tail_take(&watcher.console) == 0)
			polled[1].fd = -1;
		if (polled[2].revents && tail_take(&watcher.log) == 0)
			polled[2].fd = -1;
		take_signal();
	}
}

/*
 * With a unit, standard error is a socket of systemd's journal, which this variable
 * names. ssid, and with it a watcher without a unit, may have inherited the variable.
 */
static int find_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char name[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st))
		return -1;
	snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	if (strcmp(stream, name))
		return -1;
	return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
}

__attribute__((noreturn))
static void be_watcher(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	prctl(PR_SET_NAME, "ssi-watcher");
	set_signals();
	take_lock();
	start_vmm();
	watcher.log.journal = find_journal();
	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	close(watcher.ready);
	watch();
}

int watcher_main(const char *state, const char *id, const char *vmm)
{
	char text[256];
	int ready[2];
	ssize_t got;

	watcher.id = id;
	watcher.vmm = vmm;
	snprintf(watcher.control, sizeof(watcher.control), "%s.control", id);
	if (chdir(state) || pipe2(ready, O_CLOEXEC)) {
		printf("%s: %s\n", state, strerror(errno));
		return EXIT_FAILURE;
	}
	watcher.ready = ready[1];
	if (!fork())
		be_watcher();
	close(ready[1]);
	got = read(ready[0], text, sizeof(text) - 1);
	if (got <= 0)
		return 0;
	printf("%.*s\n", (int)got, text);
	return EXIT_FAILURE;
}
