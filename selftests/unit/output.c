// SPDX-License-Identifier: GPL-2.0-or-later
/* Names that are not UTF-8 in the output of ssictl, tools/output.c. */
#include "../../tools/output.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

#define CLEAN	"a\357\277\275b"	/* U+FFFD instead of the byte */

/* What is printed of a list of one node whose cluster has that name. */
static void print_node(bool json, const char *cluster, char *text, size_t size)
{
	int file = memfd_create("stdout", 0), saved = dup(STDOUT_FILENO);
	ssize_t len;

	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	output_init(json, false);
	output_begin_array(NULL);
	output_begin_object(NULL);
	output_string("cluster", "cluster %s", cluster);
	output_u64("id", " id %lu\n", 7);
	output_end();
	output_end();
	output_flush();
	dup2(saved, STDOUT_FILENO);
	close(saved);
	len = pread(file, text, size - 1, 0);
	text[len < 0 ? 0 : len] = '\0';
	close(file);
}

static bool prints(bool json, const char *cluster, const char *expected)
{
	char text[256];

	print_node(json, cluster, text, sizeof(text));
	if (!strcmp(text, expected))
		return true;
	tap_diag("%s", text);
	return false;
}

int main(void)
{
	tap_plan(4);
	tap_ok(prints(false, "demo", "cluster demo id 7\n"), "text");
	tap_ok(prints(true, "demo", "[{\"cluster\":\"demo\",\"id\":7}]\n"),
	       "JSON");
	tap_ok(prints(false, "a\377b", "cluster " CLEAN " id 7\n"),
	       "text with a name that is not UTF-8");
	tap_ok(prints(true, "a\377b",
		      "[{\"cluster\":\"" CLEAN "\",\"id\":7}]\n"),
	       "JSON with a name that is not UTF-8");
	return tap_exit();
}
