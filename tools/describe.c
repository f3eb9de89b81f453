// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the cluster's file as ssi-vmm does, in a child process: its parser ends
 * the process if the file has an error.
 */
#include "describe.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../vmm/config.h"
#include "../vmm/config_hosts.h"
#include "../vmm/log.h"
#include "names.h"

#define OUTPUT_MAX	65536

/* ---- the child ---- */

static json_t *describe_node(const struct node_options *node)
{
	json_t *object = json_pack("{s:i, s:i, s:I}", "id", (int)node->id,
				   "cpus", (int)node->cpus,
				   "memory", (json_int_t)node->memory);
	char host[NI_MAXHOST];

	if (node->sockaddr_len &&
	    !getnameinfo((const struct sockaddr *)&node->sockaddr,
			 node->sockaddr_len, host, sizeof(host), NULL, 0,
			 NI_NUMERICHOST))
		json_object_set_new(object, "address", json_string(host));
	if (node->cache)
		json_object_set_new(object, "cache",
				    json_integer(node->cache));
	if (node->name)
		json_object_set_new(object, "name", json_string(node->name));
	return object;
}

static json_t *describe(const struct options *options)
{
	json_t *nodes = json_array();

	for (unsigned int i = 0; i < options->num_nodes; i++)
		json_array_append_new(nodes, describe_node(&options->nodes[i]));
	return json_pack("{s:s, s:s, s:s, s:b, s:o}", "cluster", options->cluster,
			 "transport", name_transport(options->transport),
			 "placement", options->placement, "rogpt", options->amd_rogpt, "nodes", nodes);
}

void describe_main(const char *path)
{
	/* what the file may leave out, as options_parse() has it */
	static struct options options = {
		.timeout = OPTIONS_TIMEOUT, .time_dilation = 1,
		.link_grace = OPTIONS_LINK_GRACE,
	};
	json_t *object;

	config_load(path, &options);
	config_find_addresses(&options);
	config_check_nodes(&options);
	object = describe(&options);
	if (!object || json_dumpf(object, stdout, JSON_COMPACT) ||
	    fflush(stdout))
		die(EXIT_HOST, "The host has no memory for the file.");
	_exit(0);
}

/* ---- the parent ---- */

static void run_child(const char *folder, const char *path, bool again,
		      const int out[2], const int err[2])
{
	dup2(out[1], STDOUT_FILENO);
	dup2(err[1], STDERR_FILENO);
	close(out[0]);
	close(err[0]);
	if (folder && chdir(folder))
		_exit(EXIT_HOST);
	if (!again)
		describe_main(path);
	execl("/proc/self/exe", "ssid", "--describe", path, NULL);
	_exit(EXIT_HOST);
}

static void read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t got;

	while ((got = read(fd, text + len, size - 1 - len)) > 0 ||
	       (got < 0 && errno == EINTR))
		len += got > 0 ? got : 0;
	text[len] = '\0';
}

/* The last line without the full stop. */
static void take_sentence(char *text, char *why)
{
	char *end = text + strlen(text), *line;

	while (end > text && strchr("\n. ", end[-1]))
		*--end = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	snprintf(why, DESCRIBE_WHY_MAX, "%s",
		 *line ? line : "The file cannot be checked");
}

static int await(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/*
 * Takes @out. It is closed before @err is read: a child that says more than we take
 * would wait for ever.
 */
static json_t *take_result(pid_t pid, int out, int err, char *why)
{
	char *text = malloc(OUTPUT_MAX);
	json_t *object = NULL;

	snprintf(why, DESCRIBE_WHY_MAX, "The file cannot be checked: no memory");
	if (text) {
		read_all(out, text, OUTPUT_MAX);
		close(out);
		object = json_loads(text, 0, NULL);
		read_all(err, text, OUTPUT_MAX);
		take_sentence(text, why);
	} else {
		close(out);
	}
	free(text);
	if (!await(pid))
		return object;
	json_decref(object);
	return NULL;
}

json_t *describe_file(const char *folder, const char *path, bool again,
		      char why[DESCRIBE_WHY_MAX])
{
	json_t *object = NULL;
	int out[2], err[2];
	pid_t pid;

	snprintf(why, DESCRIBE_WHY_MAX, "The host has no process to check the file");
	if (pipe2(out, O_CLOEXEC))
		return NULL;
	if (!pipe2(err, O_CLOEXEC)) {
		pid = fork();
		if (!pid)
			run_child(folder, path, again, out, err);
		close(out[1]);
		close(err[1]);
		if (pid > 0)
			object = take_result(pid, out[0], err[0], why);
		else
			close(out[0]);
		close(err[0]);
	} else {
		close(out[0]);
		close(out[1]);
	}
	return object;
}
