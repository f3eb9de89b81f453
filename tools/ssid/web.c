// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page for browsers.
 *
 * The loopback listener is for a browser on this host, or behind a tunnel of ssh. Each
 * user of the host can connect to it, so whoever asks needs the token, which only root can
 * read. It is in no cookie: a page of another site cannot use it.
 */
#include "web.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include "say.h"
#include "settings.h"
#include "web_files.h"

#define TOKEN_BYTES	16
#define PATH_LEN	512
#define POLICY		"default-src 'none'; script-src 'self'; style-src 'self'; " \
			"img-src data:; connect-src 'self'; base-uri 'none'; " \
			"form-action 'none'; frame-ancestors 'none'"

/* A file of tools/ssid/web: its bytes are from web_NAME to web_NAME_end. */
#define FILE_BYTES(name, file) \
	".pushsection .rodata\n" \
	"web_" #name ":\n" \
	".incbin \"tools/ssid/web/" file "\"\n" \
	"web_" #name "_end:\n" \
	".popsection\n"

__asm__(FILE_BYTES(index, "index.html")
	FILE_BYTES(style, "style.css")
	FILE_BYTES(lib, "lib.js")
	FILE_BYTES(charts, "charts.js")
	FILE_BYTES(app, "app.js"));

static const struct file {
	const char *path;
	const char *type;
	const char *begin;
	const char *end;
} files[] = {
	{ "/", "text/html; charset=utf-8", web_index, web_index_end },
	{ "/web/style.css", "text/css", web_style, web_style_end },
	{ "/web/lib.js", "text/javascript", web_lib, web_lib_end },
	{ "/web/charts.js", "text/javascript", web_charts, web_charts_end },
	{ "/web/app.js", "text/javascript", web_app, web_app_end },
};

#define NUM_FILES	(sizeof(files) / sizeof(files[0]))

static char web_token[2 * TOKEN_BYTES + 1];

static const struct file *find_file(const char *path)
{
	for (size_t i = 0; i < NUM_FILES; i++)
		if (!strcmp(files[i].path, path))
			return &files[i];
	return NULL;
}

bool web_has(const char *path)
{
	return find_file(path);
}

void web_answer(const char *path, struct answer *answer)
{
	const struct file *file = find_file(path);
	size_t len = file->end - file->begin;

	rest_answer_text(answer, file->type, strndup(file->begin, len));
	answer->policy = POLICY;
}

/* ---- the token ---- */

static void token_path(char path[PATH_LEN])
{
	snprintf(path, PATH_LEN, "%s/web.token", settings.state);
}

void web_make_token(void)
{
	unsigned char bytes[TOKEN_BYTES];
	char path[PATH_LEN];
	int fd;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		say_and_end("The host gives no random bytes.");
	for (int i = 0; i < TOKEN_BYTES; i++)
		snprintf(web_token + 2 * i, 3, "%02x", bytes[i]);
	token_path(path);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || dprintf(fd, "%s\n", web_token) < 0)
		say_and_end("The file %s cannot be written: %s.", path,
			    strerror(errno));
	close(fd);
	say("The page is at http://127.0.0.1:%u/#TOKEN; the token is in %s.",
	    settings.web, path);
}

void web_forget_token(void)
{
	char path[PATH_LEN];

	token_path(path);
	unlink(path);
}

bool web_is_token(const char *authorization)
{
	static const char bearer[] = "Bearer ";

	return authorization && web_token[0] &&
	       !strncasecmp(authorization, bearer, strlen(bearer)) &&
	       strlen(authorization) == strlen(bearer) + strlen(web_token) &&
	       !gnutls_memcmp(authorization + strlen(bearer), web_token,
			      strlen(web_token));
}

/* A page of another site that has given its name this address has another "Host". */
bool web_is_loopback(const char *host)
{
	static const char *const names[] = { "127.0.0.1", "localhost", "[::1]" };

	for (int i = 0; host && i < 3; i++) {
		size_t len = strlen(names[i]);

		if (!strncasecmp(host, names[i], len) &&
		    (!host[len] || host[len] == ':'))
			return true;
	}
	return false;
}
