// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's memory over time, as a picture: where pages move, and which node owns them.
 */
#include "heat_svg.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "../lib/member.h"

#define LEFT		96
#define TOP		64
#define PLOT_W		640
#define PLOT_H		220
#define GAP		76
#define LEGEND_X	(LEFT + PLOT_W + 28)
#define WIDTH		(LEGEND_X + 150)
#define HEIGHT		(TOP + 2 * PLOT_H + GAP + 64)
#define NODES_MAX	32
#define PAGE_SIZE	4096

/* Yellow to dark red (ColorBrewer's YlOrRd), each for ten times as many moves. */
static const char *const heat_colours[] = {
	"#fed976", "#feb24c", "#fd8d3c", "#f03b20", "#bd0026", "#67000d",
};

#define HEATS	(sizeof(heat_colours) / sizeof(heat_colours[0]))

/* Okabe and Ito's colours, which people with any kind of sight tell apart. */
static const char *const node_colours[] = {
	"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#444444",
};

#define NODE_COLOURS	(sizeof(node_colours) / sizeof(node_colours[0]))
#define UNTOUCHED	"#e4e4e4"
#define QUIET		"#f4f1ea"

/* What is drawn; @row: of cells with one colour, from @first on. */
struct picture {
	FILE *to;
	const json_t *samples;
	size_t cells;
	uint64_t cell_size;
	double seconds;
};

static const json_t *heat_of(const struct picture *picture, size_t sample)
{
	return json_object_get(json_array_get(picture->samples, sample), "heat");
}

static double time_of(const struct picture *picture, size_t sample)
{
	return json_number_value(json_object_get(json_array_get(picture->samples, sample),
						 "time"));
}

static double number_at(const json_t *array, size_t i)
{
	return (double)json_integer_value(json_array_get(array, i));
}

/* ---- texts ---- */

static void print_text(FILE *to, double x, double y, const char *anchor, const char *text)
{
	fprintf(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", to);
		else if (*text == '&')
			fputs("&amp;", to);
		else
			fputc(*text, to);
	}
	fputs("</text>\n", to);
}

static void print_size(char *text, size_t size, double bytes)
{
	if (bytes >= 1024.0 * (1 << 20))
		snprintf(text, size, "%.4g GiB", bytes / (1 << 30));
	else
		snprintf(text, size, "%.4g MiB", bytes / (1 << 20));
}

static void draw_axes(const struct picture *picture, double top, const char *title)
{
	double bytes = (double)picture->cells * (double)picture->cell_size;
	char text[64];

	fprintf(picture->to, "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#333\"/>\n",
		LEFT, top, PLOT_W, PLOT_H);
	fputs("<g font-weight=\"bold\">", picture->to);
	print_text(picture->to, LEFT, top - 10, "start", title);
	fputs("</g>\n", picture->to);
	for (int i = 0; i <= 4; i++) {
		double y = top + PLOT_H - PLOT_H * i / 4.0;

		print_size(text, sizeof(text), bytes * i / 4);
		fprintf(picture->to, "<path d=\"M%d %.1fh-5\" stroke=\"#333\"/>\n", LEFT, y);
		print_text(picture->to, LEFT - 9, y + 4, "end", text);
	}
	for (int i = 0; i <= 5; i++) {
		double x = LEFT + PLOT_W * i / 5.0;

		snprintf(text, sizeof(text), "%.3g s", picture->seconds * i / 5);
		fprintf(picture->to, "<path d=\"M%.1f %.1fv5\" stroke=\"#333\"/>\n", x, top + PLOT_H);
		print_text(picture->to, x, top + PLOT_H + 19, "middle", text);
	}
	print_text(picture->to, LEFT + PLOT_W / 2.0, top + PLOT_H + 38, "middle", "time");
	fprintf(picture->to, "<g transform=\"translate(20 %.1f) rotate(-90)\">", top + PLOT_H / 2.0);
	print_text(picture->to, 0, 0, "middle", "offset in the guest's memory");
	fputs("</g>\n", picture->to);
}

/* ---- cells ---- */

/* The moves of a page a second, for the pages of a cell. Counters wrap at 2^32. */
static double moves_per_s(const struct picture *picture, size_t sample, size_t cell)
{
	double now = number_at(json_object_get(heat_of(picture, sample), "moves"), cell);
	double before = number_at(json_object_get(heat_of(picture, sample - 1), "moves"), cell);
	double seconds = time_of(picture, sample) - time_of(picture, sample - 1);

	return now > before && seconds > 0 ? (now - before) / seconds : 0;
}

static void heat_fill(const struct picture *picture, size_t sample, size_t cell,
		      char *fill, size_t size)
{
	double rate = moves_per_s(picture, sample, cell);
	int step = rate > 0 ? (int)floor(log10(rate)) + 1 : -1;

	if (step >= (int)HEATS)
		step = HEATS - 1;
	snprintf(fill, size, "fill=\"%s\"", rate <= 0 ? QUIET :
		 heat_colours[step < 0 ? 0 : step]);
}

/* The node that owns most, paler if little of the cell is in use. */
static void owner_fill(const struct picture *picture, size_t sample, size_t cell,
		       char *fill, size_t size)
{
	const json_t *owned = json_object_get(heat_of(picture, sample), "owned"), *one;
	double most = 0, all = 0, share;
	json_int_t owner = 0;
	size_t i;

	json_array_foreach(owned, i, one) {
		double pages = number_at(json_object_get(one, "pages"), cell);

		all += pages;
		if (pages > most) {
			most = pages;
			owner = member_number(one, "node");
		}
	}
	share = all * PAGE_SIZE / (double)picture->cell_size;
	if (most <= 0)
		snprintf(fill, size, "fill=\"%s\"", UNTOUCHED);
	else
		snprintf(fill, size, "fill=\"%s\" fill-opacity=\"%s\"",
			 node_colours[owner % NODE_COLOURS],
			 share > 0.75 ? "1" : share > 0.5 ? ".8" : share > 0.25 ? ".6" : ".4");
}

typedef void (*fill_fn)(const struct picture *picture, size_t sample, size_t cell,
			char *fill, size_t size);

/* Equal cells above each other are one rectangle. */
static void draw_column(const struct picture *picture, double top, size_t sample,
			fill_fn fill_of)
{
	double x = LEFT + PLOT_W * time_of(picture, sample - 1) / picture->seconds;
	double end = LEFT + PLOT_W * time_of(picture, sample) / picture->seconds;
	double height = (double)PLOT_H / (double)picture->cells;
	char fill[64], next[64] = "";
	size_t first = 0;

	fill_of(picture, sample, 0, fill, sizeof(fill));
	for (size_t cell = 1; cell <= picture->cells; cell++) {
		if (cell < picture->cells)
			fill_of(picture, sample, cell, next, sizeof(next));
		if (cell < picture->cells && !strcmp(fill, next))
			continue;
		fprintf(picture->to, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" %s/>\n",
			x, top + PLOT_H - height * (double)cell, end - x,
			height * (double)(cell - first), fill);
		memcpy(fill, next, sizeof(fill));
		first = cell;
	}
}

static void draw_panel(const struct picture *picture, double top, const char *title,
		       fill_fn fill_of)
{
	fputs("<g shape-rendering=\"crispEdges\">\n", picture->to);
	for (size_t i = 1; i < json_array_size(picture->samples); i++)
		draw_column(picture, top, i, fill_of);
	fputs("</g>\n", picture->to);
	draw_axes(picture, top, title);
}

/* ---- legends ---- */

static void draw_key(FILE *to, double y, const char *fill, const char *text)
{
	fprintf(to, "<rect x=\"%d\" y=\"%.1f\" width=\"14\" height=\"14\" fill=\"%s\" stroke=\"#999\"/>\n",
		LEGEND_X, y, fill);
	print_text(to, LEGEND_X + 21, y + 11.5, "start", text);
}

static void draw_heat_legend(FILE *to, double y)
{
	char text[64];

	print_text(to, LEGEND_X, y + 11, "start", "moves a second");
	y += 22;
	for (int i = HEATS - 1; i >= 0; i--, y += 20) {
		if (i == HEATS - 1)
			snprintf(text, sizeof(text), "10\xe2\x81\xb4 and more");
		else if (i == 0)
			snprintf(text, sizeof(text), "less than 1");
		else
			snprintf(text, sizeof(text), "%.0f to %.0f", pow(10, i - 1), pow(10, i));
		draw_key(to, y, heat_colours[i], text);
	}
	draw_key(to, y, QUIET, "none");
}

static bool is_owner(const struct picture *picture, int node)
{
	const json_t *one;
	size_t i, j;

	for (i = 1; i < json_array_size(picture->samples); i++)
		json_array_foreach(json_object_get(heat_of(picture, i), "owned"), j, one)
			if (member_number(one, "node") == node)
				return true;
	return false;
}

static void draw_owner_legend(const struct picture *picture, double y)
{
	char text[32];

	print_text(picture->to, LEGEND_X, y + 11, "start", "owner of most pages");
	y += 22;
	for (int n = 0; n < NODES_MAX; n++) {
		if (!is_owner(picture, n))
			continue;
		snprintf(text, sizeof(text), "node %d", n);
		draw_key(picture->to, y, node_colours[n % NODE_COLOURS], text);
		y += 20;
	}
	draw_key(picture->to, y, UNTOUCHED, "untouched");
	print_text(picture->to, LEGEND_X, y + 36, "start", "pale: a part is in use");
}

void heat_svg(FILE *to, const char *cluster, const json_t *samples)
{
	struct picture picture = { .to = to, .samples = samples };
	double second = TOP + PLOT_H + GAP;
	char title[160], size[32], cell[32];
	const json_t *heat = heat_of(&picture, 0);

	picture.cells = json_array_size(json_object_get(heat, "moves"));
	picture.cell_size = member_number(heat, "cell_size");
	picture.seconds = time_of(&picture, json_array_size(samples) - 1);
	print_size(size, sizeof(size), (double)member_number(heat, "size"));
	print_size(cell, sizeof(cell), (double)picture.cell_size);
	snprintf(title, sizeof(title), "Cluster %s: %s of guest memory over %.3g s, in cells of %s",
		 cluster, size, picture.seconds, cell);
	fprintf(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
		"<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<g font-size=\"15\">",
		WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
	print_text(to, LEFT, 26, "start", title);
	fputs("</g>\n", to);
	draw_panel(&picture, TOP, "Heat: how often pages change their owner", heat_fill);
	draw_heat_legend(to, TOP);
	draw_panel(&picture, second, "Owners", owner_fill);
	draw_owner_legend(&picture, second);
	fputs("</svg>\n", to);
}
