// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl console: the guest's console, on this terminal.
 *
 * A thread prints what the guest prints: it asks ssid again and again, from the byte
 * where it was. So a new ssid makes no difference, and a slow terminal loses nothing
 * that ssid still keeps.
 */

#include <errno.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../../lib/escape.h"
#include "../../lib/member.h"
#include "../daemon.h"
#include "../output.h"
#include "../ssictl.h"
#include "../terminal.h"

#define WAIT_MS		1000
#define AGAIN_US	300000
#define TYPED_MAX	1024

static const char usage[] =
	"Usage: ssictl console [ --read-only ]\n"
	"\n"
	"Shows the last MiB of the guest's console and what follows, and sends what is typed.\n"
	"Ctrl-A x leaves, Ctrl-A Ctrl-A sends Ctrl-A, Ctrl-A h helps. Several may watch; one may\n"
	"type. It goes on when ssid is started again.\n";

static char word[17];		/* of this terminal; "" if it only watches */

/* ---- what the guest prints ---- */

static int print_data(const json_t *view)
{
	const char *text = member_text(view, "data");
	const gnutls_datum_t encoded = { (unsigned char *)text, strlen(text) };
	gnutls_datum_t data;
	size_t done = 0;
	ssize_t written = 0;

	if (!encoded.size)
		return 0;
	if (gnutls_base64_decode2(&encoded, &data))
		return -1;
	while (done < data.size && (written >= 0 || errno == EINTR)) {
		written = write(STDOUT_FILENO, data.data + done, data.size - done);
		done += written > 0 ? written : 0;
	}
	gnutls_free(data.data);
	return done == data.size ? 0 : -1;
}

/* Return: the exit code, or -1 while it goes on. */
static int print_part(char *from, size_t size)
{
	unsigned int status;
	char path[128];
	json_t *view;
	int code = -1;

	snprintf(path, sizeof(path), "/guest/terminal?wait=%d%s%s%s%s", WAIT_MS,
		 *from ? "&from=" : "", from, *word ? "&writer=" : "", word);
	view = daemon_try("GET", path, NULL, &status);
	if (status == 200 && view) {
		if (print_data(view))
			code = EXIT_KERNEL;
		else if (json_is_true(json_object_get(view, "ended")))
			code = 0;
		snprintf(from, size, "%" JSON_INTEGER_FORMAT,
			 member_number(view, "next"));
	} else if (status == 404 || status == 403 || status == 400) {
		terminal_restore();
		error_as(member_text(json_object_get(view, "error"), "code"), "%s",
			 member_text(json_object_get(view, "error"), "message"));
		code = EXIT_KERNEL;
	} else {
		usleep(AGAIN_US);
	}
	json_decref(view);
	return code;
}

static void *print_all(void *unused)
{
	char from[32] = "";
	int code;

	while ((code = print_part(from, sizeof(from))) < 0)
		;
	terminal_restore();
	if (!code)
		fputs("\nThe guest has ended.\n", stderr);
	exit(code);
	return unused;
}

/* ---- what is typed ---- */

/* Return: the status of HTTP. */
static unsigned int type(const unsigned char *keys, size_t len, json_t **answer)
{
	const gnutls_datum_t raw = { (unsigned char *)keys, len };
	gnutls_datum_t text = { 0 };
	unsigned int status = 0;
	char path[64];

	snprintf(path, sizeof(path), "/guest/terminal?writer=%s", word);
	if (len && gnutls_base64_encode2(&raw, &text))
		return 0;
	*answer = daemon_try("POST", path, len ? (char *)text.data : NULL, &status);
	gnutls_free(text.data);
	return status;
}

/* Keys that do not arrive are lost, as on a line that is cut; the user hears that. */
static void send_keys(const unsigned char *keys, size_t len)
{
	json_t *answer = NULL;

	if (len && type(keys, len, &answer) != 202 && write(STDERR_FILENO, "\a", 1) < 0)
		exit(EXIT_KERNEL);
	json_decref(answer);
}

/* So that another one need not wait until ssid notices. */
static void leave(void)
{
	unsigned int status;
	char path[64];

	snprintf(path, sizeof(path), "/guest/terminal?leave=1&writer=%s", word);
	if (*word)
		json_decref(daemon_try("POST", path, NULL, &status));
}

/* Return: whether the key goes to the guest. */
static bool take_escape(unsigned char key)
{
	if (key == 'x') {
		leave();
		terminal_restore();
		fputc('\n', stderr);
		exit(0);
	}
	if (key == 'h')
		fputs("\r\nCtrl-A x leaves, Ctrl-A Ctrl-A sends Ctrl-A, Ctrl-A h shows this.\r\n", stderr);
	return key == ESCAPE_KEY;
}

/* Until the end of the input: a pipe ends, a terminal does not. */
static void read_keys(bool is_terminal)
{
	unsigned char keys[TYPED_MAX];
	ssize_t len;

	for (;;) {
		len = read(STDIN_FILENO, keys, sizeof(keys));
		if (!len || (len < 0 && errno != EINTR))
			return;
		if (len < 0)
			continue;
		len = escape_filter(keys, len, is_terminal, take_escape);
		if (*word)
			send_keys(keys, len);
	}
}

/* ---- all ---- */

static int choose_word(void)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -1;
	snprintf(word, sizeof(word), "%016" PRIx64, number);
	return 0;
}

static int take_keyboard(void)
{
	json_t *answer = NULL, *refusal;
	unsigned int status;

	if (choose_word())
		return -1;
	status = type(NULL, 0, &answer);
	refusal = json_object_get(answer, "error");
	if (!status)
		error_as("no_daemon", "ssid of this host cannot be asked; start it with systemctl start ssid");
	else if (status != 202)
		error_as(member_text(refusal, "code"), "%s",
			 member_text(refusal, "message"));
	json_decref(answer);
	return status == 202 ? 0 : -1;
}

static int run(int argc, char **argv)
{
	bool watches = argc == 1 && !strcmp(argv[0], "--read-only");
	pthread_t thread;
	bool is_terminal;

	if (argc && !watches) {
		error_as("syntax", "\"console\" has only the option --read-only");
		return EXIT_SYNTAX;
	}
	if (!watches && take_keyboard())
		return EXIT_KERNEL;
	is_terminal = !terminal_raw();
	if (pthread_create(&thread, NULL, print_all, NULL)) {
		error("the host gives no thread");
		return EXIT_KERNEL;
	}
	read_keys(is_terminal);
	pthread_join(thread, NULL);
	return 0;
}

const struct object object_console = { "console", usage, NULL, run, NULL };
