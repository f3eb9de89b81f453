// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs hostile guests (guests/) by ssi-vmm and judges how each has ended:
 *
 *   hostile [--vmm FILE] [--cluster] [--must-run] [--seed N] [GLOB]...
 *
 * Without --cluster: those with one node, which need nothing but /dev/kvm; with
 * it: those with several, all in this kernel's module. Where no guest runs, it
 * skips all, or with --must-run fails. GLOB: only trials of such a name.
 *
 * Each ssi-vmm has to end in time, with the exit code that fits, one sentence
 * that says why, and not a line more than that takes; and no result of the
 * guest's own may be "not ok".
 */
#include "hostile.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/tap.h"

#define DISK_SIZE	(1 << 20)
#define VARS_SIZE	65536
#define PIPE_SIZE	4096
#define NODE_MIB	32u
#define MAX_WORDS	40
#define SHOWN_LINES	15

static struct {
	char vmm[PATH_MAX];
	char guests[PATH_MAX];
	char folder[64];	/* in which ssi-vmm runs */
	unsigned int seed;
	bool cluster, must_run;
} settings;

/* ---- preparations ----------------------------------------------------------- */

void trial_fail(struct trial *trial, const char *fmt, ...)
{
	va_list args;

	if (trial->why[0])
		return;
	va_start(args, fmt);
	vsnprintf(trial->why, sizeof(trial->why), fmt, args);
	va_end(args);
}

int trial_command(const char *const *words)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execvp(words[0], (char *const *)words);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/* A file of that size, of a byte that nobody else writes. */
static void make_file(const char *name, size_t size)
{
	unsigned char *data = malloc(size);
	FILE *file = fopen(name, "w");

	if (!data || !file)
		tap_bail("%s cannot be written", name);
	memset(data, 0xa5, size);
	if (fwrite(data, 1, size, file) != size || fclose(file))
		tap_bail("%s cannot be written", name);
	free(data);
}

/* One row of a matrix of the nodes. */
static void write_row(FILE *file, const char *name, unsigned int node,
		      unsigned int nodes, unsigned int near, unsigned int far)
{
	fprintf(file, ", %s: [", name);
	for (unsigned int to = 0; to < nodes; to++)
		fprintf(file, "%s%u", to ? ", " : "", to == node ? near : far);
	fprintf(file, "]");
}

/* What nodes would measure is there, since that would take longer than all. */
static void write_cluster(const struct hostile *hostile)
{
	FILE *file = fopen("cluster.yaml", "w");

	if (!file)
		tap_bail("cluster.yaml cannot be written");
	fprintf(file, "cluster: hostile\ntransport: loop\nnodes:\n");
	for (unsigned int n = 0; n < hostile->nodes; n++) {
		fprintf(file, "  - { id: %u, cpus: 1, memory: %uM", n,
			NODE_MIB);
		write_row(file, "distances", n, hostile->nodes, 10, 20);
		write_row(file, "latencies", n, hostile->nodes, 100, 9000);
		write_row(file, "bandwidths", n, hostile->nodes, 9000, 400);
		fprintf(file, " }\n");
	}
	/* the lab's hosts have TSCs that are, whatever QEMU's CPUID says */
	fprintf(file, "guest:\n  invariant-tsc: true\n");
	fclose(file);
}

static bool make_tap(void)
{
	static const char *const add[] = {
		"ip", "tuntap", "add", TRIAL_TAP, "mode", "tap", NULL,
	}, *const up[] = { "ip", "link", "set", TRIAL_TAP, "up", NULL };

	return !trial_command(add) && !trial_command(up);
}

static void remove_tap(void)
{
	static const char *const words[] = {
		"ip", "link", "del", TRIAL_TAP, NULL,
	};

	trial_command(words);
}

/* ---- one trial -------------------------------------------------------------- */

/* A command line, and the text that its words are in. */
struct command {
	char text[4096];
	size_t len;
	char *words[MAX_WORDS + 1];
	unsigned int count;
};

__attribute__((format(printf, 2, 3)))
static void add_words(struct command *command, const char *fmt, ...)
{
	char *at = command->text + command->len, *save = NULL;
	va_list args;

	va_start(args, fmt);
	vsnprintf(at, sizeof(command->text) - command->len, fmt, args);
	va_end(args);
	command->len += strlen(at) + 1;
	for (char *word = strtok_r(at, " ", &save);
	     word && command->count < MAX_WORDS; word = strtok_r(NULL, " ", &save))
		command->words[command->count++] = word;
}

static void make_command(const struct hostile *hostile, unsigned int node,
			 struct command *command)
{
	const char *options = hostile->options ? hostile->options : "";

	add_words(command, "%s", settings.vmm);
	if (!hostile->reboots)
		add_words(command, "--no-reboot");
	if (hostile->firmware) {
		add_words(command, "--firmware %s/%s.rom%s", settings.guests,
			  hostile->guest, options);
	} else {
		add_words(command, "--kernel %s/%s.bz %s", settings.guests,
			  hostile->guest, options);
		add_words(command, "--append");
		command->words[command->count++] = command->text + command->len;
		command->len += 1 + snprintf(command->text + command->len, 64,
					     "seed=%u", settings.seed);
	}
	if (hostile->nodes)
		add_words(command, "--config cluster.yaml --node %u", node);
	else
		add_words(command, "--memory 64M");
	if (hostile->control)
		add_words(command, "--control control.%u", node);
}

static void start(struct trial *trial)
{
	const struct hostile *hostile = trial->hostile;
	unsigned int nodes = hostile->nodes ? hostile->nodes : 1;

	make_file("disk.img", DISK_SIZE);
	make_file("vars.fd", VARS_SIZE);
	if (hostile->nodes)
		write_cluster(hostile);
	/* a short one is full soon */
	if (hostile->stdio == VMM_PIPE &&
	    (pipe2(trial->pipe, O_CLOEXEC) ||
	     fcntl(trial->pipe[1], F_SETPIPE_SZ, PIPE_SIZE) < 0))
		tap_bail("there is no pipe");
	for (unsigned int node = 0; node < nodes; node++) {
		struct command command = { 0 };

		make_command(hostile, node, &command);
		vmm_start(&trial->vmms[node], command.words,
			  node ? VMM_FILES : hostile->stdio, trial->pipe[1]);
	}
}

static void judge_guest(struct trial *trial, const char *said)
{
	const char *bad = strstr(said, "not ok ");

	if (bad)
		trial_fail(trial, "the guest says: %.*s",
			   (int)strcspn(bad, "\r\n"), bad);
}

static void judge_log(struct trial *trial, unsigned int node, char *log)
{
	const struct hostile *hostile = trial->hostile;
	const char *wanted = hostile->sentence ? hostile->sentence :
						 "The guest has powered off.";
	unsigned int lines = 0, most = hostile->lines ? hostile->lines :
					hostile->nodes + 2;
	const char *last = "";
	char *save = NULL;

	for (char *line = strtok_r(log, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		lines++;
		last = line;
		if (strncmp(line, "ssi-vmm", 7))
			trial_fail(trial, "what is no sentence of ssi-vmm is in the log: %.100s",
				   line);
	}
	if (hostile->stdio == VMM_CLOSED)
		return;
	if (!strstr(last, wanted))
		trial_fail(trial, "the last line of node %u is: %.150s", node,
			   last);
	if (lines > most)
		trial_fail(trial, "node %u has logged %u lines", node, lines);
}

static void judge(struct trial *trial, unsigned int node)
{
	struct vmm *vmm = &trial->vmms[node];
	char *said, *log;

	/* what has gone wrong already need not end by itself */
	if (!vmm_ends(vmm, trial->why[0] ? 1 : TRIAL_SECONDS)) {
		trial_fail(trial, "ssi-vmm of node %u does not end", node);
		return;
	}
	said = vmm_text(vmm->said);
	log = vmm_text(vmm->logged);
	judge_guest(trial, said);
	judge_log(trial, node, log);
	if (vmm_code(vmm) != trial->hostile->code)
		trial_fail(trial, "ssi-vmm of node %u has ended with %d, and should with %d",
			   node, vmm_code(vmm), trial->hostile->code);
	free(said);
	free(log);
}

static void show_end(const char *what, unsigned int node, int file)
{
	char *text = vmm_text(file), *save = NULL;
	unsigned int lines = 0, line_number = 0;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	for (char *line = strtok_r(text, "\r\n", &save); line;
	     line = strtok_r(NULL, "\r\n", &save))
		if (++line_number + SHOWN_LINES > lines)
			tap_diag("%s %u: %.300s", what, node, line);
	free(text);
}

static void report(struct trial *trial, double began)
{
	const struct hostile *hostile = trial->hostile;
	unsigned int nodes = hostile->nodes ? hostile->nodes : 1;

	if (!trial->why[0]) {
		tap_ok(true, "%s (%.1f s)", hostile->name, vmm_now() - began);
		return;
	}
	for (unsigned int node = 0; node < nodes; node++) {
		show_end("guest", node, trial->vmms[node].said);
		show_end("log", node, trial->vmms[node].logged);
	}
	tap_ok(false, "%s: %s", hostile->name, trial->why);
}

static void end_trial(struct trial *trial)
{
	for (unsigned int node = 0; node < TRIAL_MAX_NODES; node++)
		vmm_free(&trial->vmms[node]);
	if (trial->hostile->stdio == VMM_PIPE) {
		close(trial->pipe[0]);
		close(trial->pipe[1]);
	}
	if (trial->hostile->tap)
		remove_tap();
}

/* Return: whether it went well. */
static bool run(const struct hostile *hostile, bool is_shown)
{
	unsigned int nodes = hostile->nodes ? hostile->nodes : 1;
	struct trial trial = { .hostile = hostile };
	double began = vmm_now();

	if (hostile->tap && !make_tap()) {
		tap_ok(!settings.must_run, "%s # SKIP no tap interface can be made here",
		       hostile->name);
		return false;
	}
	start(&trial);
	if (hostile->drive)
		hostile->drive(&trial);
	for (unsigned int node = 0; node < nodes; node++)
		judge(&trial, node);
	if (hostile->after)
		hostile->after(&trial);
	if (is_shown)
		report(&trial, began);
	end_trial(&trial);
	return !trial.why[0];
}

/* ---- all of them ------------------------------------------------------------ */

/* Can guests run here at all? */
static void check_kvm(void)
{
	static const struct hostile hello = { .name = "hello", .guest = "hello" };

	if (access("/dev/kvm", R_OK | W_OK)) {
		if (settings.must_run)
			tap_bail("there is no /dev/kvm that can be opened");
		tap_skip_all("there is no /dev/kvm that can be opened");
	}
	if (!run(&hello, false)) {
		if (settings.must_run)
			tap_bail("this machine's KVM does not run a guest of a few KiB");
		tap_skip_all("this machine's KVM does not run a guest of a few KiB");
	}
}

static bool is_chosen(const struct hostile *hostile, char **globs)
{
	if (settings.cluster != (hostile->nodes > 0))
		return false;
	for (char **glob = globs; *glob; glob++)
		if (!fnmatch(*glob, hostile->name, 0))
			return true;
	return !*globs;
}

static void find_files(void)
{
	char self[PATH_MAX] = "", *folder;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		tap_bail("/proc/self/exe cannot be read");
	folder = dirname(self);
	snprintf(settings.guests, sizeof(settings.guests), "%.4000s/guests",
		 folder);
	if (settings.vmm[0])
		return;
	snprintf(settings.vmm, sizeof(settings.vmm), "%.4000s/ssi-vmm", folder);
	if (access(settings.vmm, X_OK))
		strcpy(settings.vmm, "ssi-vmm");
}

static void parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "vmm", required_argument, NULL, 'v' },
		{ "seed", required_argument, NULL, 's' },
		{ "cluster", no_argument, NULL, 'c' },
		{ "must-run", no_argument, NULL, 'm' },
		{ 0 },
	};
	int option;

	settings.seed = time(NULL);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'v':
			if (strchr(optarg, '/') && !realpath(optarg, settings.vmm))
				tap_bail("there is no %s", optarg);
			break;
		case 's':
			settings.seed = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			settings.cluster = true;
			break;
		case 'm':
			settings.must_run = true;
			break;
		default:
			fprintf(stderr, "usage: hostile [--vmm FILE] [--cluster] [--must-run] [--seed N] [GLOB]...\n");
			exit(EXIT_FAILURE);
		}
	}
}

static void enter_folder(void)
{
	strcpy(settings.folder, "/tmp/ssi-hostile-XXXXXX");
	if (!mkdtemp(settings.folder) || chdir(settings.folder))
		tap_bail("there is no folder for disks");
}

static void leave_folder(void)
{
	const char *const words[] = { "rm", "-rf", settings.folder, NULL };

	if (!chdir("/"))
		trial_command(words);
}

int main(int argc, char **argv)
{
	unsigned int count = 0;

	parse_options(argc, argv);
	find_files();
	signal(SIGPIPE, SIG_IGN);
	enter_folder();
	atexit(leave_folder);
	check_kvm();
	argv += optind;
	for (const struct hostile *one = hostile_table; one->name; one++)
		count += is_chosen(one, argv);
	tap_plan(count);
	tap_diag("seed %u, %s", settings.seed, settings.vmm);
	for (const struct hostile *one = hostile_table; one->name; one++)
		if (is_chosen(one, argv))
			run(one, true);
	return tap_exit();
}
