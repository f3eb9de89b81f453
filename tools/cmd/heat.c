// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl heat: where pages of the guest move, and which node owns them.
 */

#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../acpi/layout.h"
#include "../../lib/member.h"
#include "../../lib/number.h"
#include "../daemon.h"
#include "../heat_svg.h"
#include "../output.h"
#include "../ssictl.h"

#define CELLS		128
#define SECONDS		30
#define SECONDS_MAX	86400
#define SAMPLES		60
#define CONVERTER	"rsvg-convert"

static const char usage[] =
	"Usage: ssictl heat [ show ]\n"
	"       ssictl heat { --svg | --png } FILE [ seconds N ]\n"
	"\n"
	"\"show\" lists the parts of the guest's memory in which pages have moved most often since\n"
	"the guest's start, with the owners of their pages. --svg and --png watch the memory for N\n"
	"seconds (30) and draw heat and owners over time; --png needs the package librsvg2-bin.\n";

struct cell {
	size_t index;
	uint64_t moves;
};

static uint64_t number_at(const json_t *object, const char *key, size_t i)
{
	return json_integer_value(json_array_get(json_object_get(object, key), i));
}

/* ---- a list ---- */

static int compare(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	return x->moves < y->moves ? 1 : x->moves > y->moves ? -1 :
	       x->index < y->index ? -1 : 1;
}

static void show_owners(const json_t *heat, size_t cell)
{
	json_t *one;
	size_t i;

	output_begin_array("owned");
	json_array_foreach(json_object_get(heat, "owned"), i, one) {
		if (!number_at(one, "pages", cell))
			continue;
		output_begin_object(NULL);
		output_u64("node", "  node %" PRIu64, member_number(one, "node"));
		output_u64("pages", " owns %" PRIu64, number_at(one, "pages", cell));
		output_end();
	}
	output_end();
}

static void show_cell(const json_t *heat, const struct cell *cell)
{
	uint64_t size = member_number(heat, "cell_size");
	uint64_t offset = cell->index * size;

	output_begin_object(NULL);
	output_u64("address", "0x%012" PRIx64, ssi_layout_address(offset));
	output_u64("offset", NULL, offset);
	output_u64("size", NULL, size);
	output_u64("moves", " moves %10" PRIu64, cell->moves);
	output_u64("shared", " shared %6" PRIu64, number_at(heat, "shared", cell->index));
	show_owners(heat, cell->index);
	output_text("\n");
	output_end();
}

static int show(int argc, char **argv)
{
	struct cell cells[CELLS];
	size_t count, i;
	json_t *heat;
	char path[32];

	if (argc)
		return ssictl_refuse_word(argv[0]);
	snprintf(path, sizeof(path), "/heat?cells=%d", CELLS);
	heat = daemon_call("GET", path, NULL);
	if (!heat)
		return EXIT_KERNEL;
	count = json_array_size(json_object_get(heat, "moves"));
	count = count < CELLS ? count : CELLS;
	for (i = 0; i < count; i++)
		cells[i] = (struct cell){ i, number_at(heat, "moves", i) };
	qsort(cells, count, sizeof(*cells), compare);
	output_begin_array(NULL);
	for (i = 0; i < count && (cells[i].moves || output_is_json()); i++)
		show_cell(heat, &cells[i]);
	output_end();
	output_flush();
	json_decref(heat);
	return 0;
}

/* ---- a picture ---- */

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Return: samples for heat_svg(), or NULL after error(). */
static json_t *watch(double seconds)
{
	json_t *samples = json_array(), *heat;
	double begun = now_s(), at = 0;
	char path[32];

	snprintf(path, sizeof(path), "/heat?cells=%d", CELLS);
	for (int i = 0; i <= SAMPLES; i++) {
		heat = daemon_call("GET", path, NULL);
		if (!heat) {
			json_decref(samples);
			return NULL;
		}
		at = now_s() - begun;
		json_array_append_new(samples, json_pack("{s:f, s:o}", "time", at,
							 "heat", heat));
		if (i && at >= seconds)
			break;
		at = seconds * (i + 1) / SAMPLES - at;
		if (at > 0)
			usleep(at * 1e6);
	}
	return samples;
}

static char *cluster_name(void)
{
	json_t *view = daemon_call("GET", "/cluster", NULL);
	char *name = view ? strdup(member_text(view, "cluster")) : NULL;

	json_decref(view);
	return name;
}

static int write_svg(const char *path, const char *cluster, const json_t *samples)
{
	FILE *file = fopen(path, "we");

	if (file)
		heat_svg(file, cluster, samples);
	if (file && !ferror(file) && !fclose(file))
		return 0;
	error("the file %s cannot be written: %s", path, strerror(errno));
	return EXIT_SYNTAX;
}

static int convert(const char *svg, const char *png)
{
	const char *const argv[] = { CONVERTER, "-o", png, svg, NULL };
	int err, status = -1;
	pid_t pid;

	err = posix_spawnp(&pid, argv[0], NULL, NULL, (char **)argv, environ);
	if (err) {
		error("a PNG needs the program %s of the package librsvg2-bin (%s); --svg does without",
		      CONVERTER, strerror(err));
		return EXIT_SYNTAX;
	}
	waitpid(pid, &status, 0);
	if (!status)
		return 0;
	error("%s cannot write the file %s", CONVERTER, png);
	return EXIT_SYNTAX;
}

static int write_png(const char *path, const char *cluster, const json_t *samples)
{
	char svg[] = "/tmp/ssictl-heat.XXXXXX";
	int fd = mkstemp(svg), code;

	if (fd < 0) {
		error("no file can be made in /tmp: %s", strerror(errno));
		return EXIT_SYNTAX;
	}
	close(fd);
	code = write_svg(svg, cluster, samples);
	if (!code)
		code = convert(svg, path);
	unlink(svg);
	return code;
}

static int draw(int argc, char **argv)
{
	bool png = argc && !strcmp(argv[0], "--png");
	uint64_t seconds = SECONDS;
	int code = EXIT_KERNEL;
	json_t *samples;
	char *cluster;

	if (!png && strcmp(argv[0], "--svg"))
		return ssictl_refuse_word(argv[0]);
	if (argc != 2 && (argc != 4 || strcmp(argv[2], "seconds"))) {
		error_as("syntax", "\"%s\" needs a file, and may have \"seconds N\"", argv[0]);
		return EXIT_SYNTAX;
	}
	if (argc == 4 && (!number_parse(argv[3], SECONDS_MAX, &seconds) || !seconds)) {
		error_as("syntax", "\"%s\" is not a number from 1 to %d", argv[3], SECONDS_MAX);
		return EXIT_SYNTAX;
	}
	cluster = cluster_name();
	samples = cluster ? watch((double)seconds) : NULL;
	if (samples)
		code = png ? write_png(argv[1], cluster, samples) :
			     write_svg(argv[1], cluster, samples);
	json_decref(samples);
	free(cluster);
	return code;
}

static const struct command commands[] = {
	{ "show", show },
	{ "list", show },
	{ }
};

const struct object object_heat = { "heat", usage, commands, NULL, draw };
