// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl top: how the cluster does, again and again, on the whole terminal.
 *
 * A thread asks: an answer of a host that hangs takes seconds, and the keys must work
 * meanwhile. ssid asks those of all hosts. Without it, or if it is an older one, faults by
 * class and hot pages are those that the module of this host counts.
 */

#include <curses.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../acpi/layout.h"
#include "../../lib/member.h"
#include "../counts.h"
#include "../daemon.h"
#include "../hot_pages.h"
#include "../names.h"
#include "../output.h"
#include "../ssictl.h"
#include "../../lib/histogram.h"

#define KEY_WAIT_MS	100
#define INTERVAL_US	1000000
#define LINE_MAX	256
#define NODES_MAX	32
#define PAGE_SHIFT	12
#define BAD_COLOUR	1
#define GOOD_COLOUR	2

static const char usage[] =
	"Usage: ssictl top\n"
	"\n"
	"Shows nodes, CPUs, faults and their times, and the pages that move most often with the\n"
	"guest's CPUs on the nodes that have had them, until q is pressed. They are those of all\n"
	"nodes.\n";

/**
 * struct seen - what was asked for last
 * @cluster: the answer to GET /cluster, or NULL
 * @samples: the last sample of each node of it
 * @classes: of all nodes in their newest samples, or of this host's nodes
 * @rates: of @classes, in a second
 * @has_classes: there are some
 * @is_local: @classes and @pages are those of this host's module
 * @pages: those that move most often
 * @num_pages: how many
 * @why: why there are no @classes, or ""
 */
struct seen {
	json_t *cluster;
	json_t *samples[NODES_MAX];
	struct counts_class classes[__SSI_DSM_CLASS_MAX];
	double rates[__SSI_DSM_CLASS_MAX];
	bool has_classes;
	bool is_local;
	struct hot_page pages[HOT_PAGES_MAX];
	size_t num_pages;
	char why[128];
};

static struct seen seen;	/* top_mutex protects it */
static pthread_mutex_t top_mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_int top_ends;	/* by this signal */

/* ---- questions ---- */

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void add_counts(const struct genl_reply *reply, void *arg)
{
	struct counts *counts = calloc(1, sizeof(*counts));
	struct counts_class *classes = arg;

	if (counts && !counts_read(reply, counts))
		for (int c = 0; c < __SSI_DSM_CLASS_MAX; c++) {
			classes[c].count += counts->classes[c].count;
			for (int i = 0; i < SSI_DSM_BUCKETS; i++)
				classes[c].buckets[i] += counts->classes[c].buckets[i];
		}
	free(counts);
}

static void merge_pages(struct seen *new, const struct hot_page *more, size_t count)
{
	struct hot_page pages[2 * HOT_PAGES_MAX];

	memcpy(pages, more, count * sizeof(*pages));
	memcpy(pages + count, new->pages, new->num_pages * sizeof(*pages));
	count += new->num_pages;
	hot_pages_sort(pages, count);
	new->num_pages = count < HOT_PAGES_MAX ? count : HOT_PAGES_MAX;
	memcpy(new->pages, pages, new->num_pages * sizeof(*pages));
}

static void add_pages(const struct genl_reply *reply, void *arg)
{
	struct hot_page pages[HOT_PAGES_MAX];
	size_t count = hot_pages_read(reply, pages);

	merge_pages(arg, pages, count);
}

static void subtract(struct counts_class *now, struct counts_class *before)
{
	for (int c = 0; c < __SSI_DSM_CLASS_MAX; c++) {
		struct counts_class all = now[c];

		/* A guest that has begun anew counts anew. */
		if (now[c].count >= before[c].count) {
			now[c].count -= before[c].count;
			for (int i = 0; i < SSI_DSM_BUCKETS; i++)
				now[c].buckets[i] -= before[c].buckets[i];
		}
		before[c] = all;
	}
}

static void ask_module(struct seen *new)
{
	static struct counts_class before[__SSI_DSM_CLASS_MAX];
	static double asked;
	double now = now_s();
	struct genl genl;

	new->is_local = true;
	new->num_pages = 0;

	if (genl_open(&genl) ||
	    genl_dump(&genl, SSI_DSM_CMD_STATS_GET, add_counts, new->classes) ||
	    genl_dump(&genl, SSI_DSM_CMD_PAGE_GET, add_pages, new)) {
		snprintf(new->why, sizeof(new->why), "%.127s", genl.error);
	} else {
		subtract(new->classes, before);
		new->has_classes = asked > 0;
		for (int c = 0; c < __SSI_DSM_CLASS_MAX && asked > 0; c++)
			new->rates[c] = (double)new->classes[c].count / (now - asked);
		asked = now;
	}
	genl_close(&genl);
}

/* ---- all nodes ---- */

static void add_class(struct seen *new, const json_t *class, double seconds)
{
	const json_t *buckets = json_object_get(class, "buckets");

	for (int c = 0; c < __SSI_DSM_CLASS_MAX; c++) {
		if (strcmp(name_class(c), member_text(class, "class")))
			continue;
		new->classes[c].count += member_number(class, "count");
		new->rates[c] += (double)member_number(class, "count") / seconds;
		for (int i = 0; i < SSI_DSM_BUCKETS; i++)
			new->classes[c].buckets[i] +=
				json_integer_value(json_array_get(buckets, i));
	}
}

static void add_page(struct seen *new, const json_t *view)
{
	struct hot_page page = { .moves = member_number(view, "moves") };
	json_t *node;
	uint64_t offset;
	size_t i;

	ssi_layout_offset(member_number(view, "address"), &offset);
	page.index = offset >> PAGE_SHIFT;
	json_array_foreach(json_object_get(view, "nodes"), i, node)
		page.nodes |= UINT32_C(1) << (json_integer_value(node) & 31);
	merge_pages(new, &page, 1);
}

static void add_history(struct seen *new, const json_t *view, const json_t *sample)
{
	double seconds = json_number_value(json_object_get(sample, "seconds"));
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(view, "classes"), i, one)
		if (seconds > 0)
			add_class(new, one, seconds);
	json_array_foreach(json_object_get(view, "pages"), i, one)
		add_page(new, one);
	new->has_classes = new->has_classes || seconds > 0;
}

static json_t *ask_sample(struct seen *new, const json_t *node)
{
	unsigned int status;
	char path[64];
	json_t *view, *samples, *last;

	snprintf(path, sizeof(path), "/nodes/%d/history",
		 (int)member_number(node, "id"));
	view = daemon_try("GET", path, NULL, &status);
	samples = json_object_get(view, "samples");
	last = json_incref(json_array_get(samples, json_array_size(samples) - 1));
	add_history(new, view, last);
	json_decref(view);
	return last;
}

static void ask_daemon(struct seen *new)
{
	unsigned int status;
	json_t *node;
	size_t i;

	new->cluster = daemon_try("GET", "/cluster", NULL, &status);
	json_array_foreach(json_object_get(new->cluster, "nodes"), i, node)
		if (i < NODES_MAX)
			new->samples[i] = ask_sample(new, node);
}

static void take(struct seen *new)
{
	struct seen old;

	pthread_mutex_lock(&top_mutex);
	old = seen;
	seen = *new;
	pthread_mutex_unlock(&top_mutex);
	json_decref(old.cluster);
	for (int i = 0; i < NODES_MAX; i++)
		json_decref(old.samples[i]);
}

static void *ask_again(void *unused)
{
	struct seen *new;

	for (;;) {
		new = calloc(1, sizeof(*new));
		if (new) {
			ask_daemon(new);
			if (!new->has_classes)
				ask_module(new);
			take(new);
		}
		free(new);
		usleep(INTERVAL_US);
	}
	return unused;
}

/* ---- the screen ---- */

/* The next line, if the terminal has one; it is cut at the edge. */
__attribute__((format(printf, 2, 3)))
static void print(int *y, const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (*y < LINES)
		mvaddnstr((*y)++, 0, line, COLS);
}

static void print_head(int *y, const char *text)
{
	attron(A_REVERSE);
	print(y, "%-*s", COLS < LINE_MAX ? COLS : LINE_MAX - 1, text);
	attroff(A_REVERSE);
}

static const char *amount(double value)
{
	static __thread char texts[8][16];
	static __thread unsigned int next;
	static const char units[] = " kMGT";
	char *text = texts[next++ % 8];
	unsigned int unit = 0;

	while (value >= 9999.5 && unit < sizeof(units) - 2) {
		value /= 1000;
		unit++;
	}
	snprintf(text, sizeof(texts[0]), value < 10 && value > 0 ? "%.1f%c" : "%.0f%c",
		 value, units[unit]);
	return text;
}

static double of(const json_t *sample, const char *key)
{
	return json_number_value(json_object_get(sample, key));
}

static void draw_health(int *y)
{
	const char *health = member_text(seen.cluster, "health");
	json_t *problems = json_object_get(seen.cluster, "problems"), *problem;
	time_t now = time(NULL);
	char clock[16];
	size_t i;

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
	if (!seen.cluster) {
		print(y, "ssid of this host does not answer.  %s  q quits", clock);
		return;
	}
	attron(A_BOLD | COLOR_PAIR(strcmp(health, "ok") ? BAD_COLOUR : GOOD_COLOUR));
	print(y, "%s", health);
	attroff(A_BOLD | COLOR_PAIR(strcmp(health, "ok") ? BAD_COLOUR : GOOD_COLOUR));
	mvprintw(*y - 1, (int)strlen(health) + 2, "cluster %.*s  %s  q quits",
		 COLS > 50 ? COLS - 50 : 0, member_text(seen.cluster, "cluster"), clock);
	json_array_foreach(problems, i, problem)
		if (i < 3)
			print(y, "  %s", json_string_value(problem));
}

static void draw_nodes(int *y)
{
	json_t *node;
	size_t i;

	print_head(y, "nd state    CPU used local/s first/s remote/s  p50us  p99us miss%   rx/s   tx/s");
	json_array_foreach(json_object_get(seen.cluster, "nodes"), i, node) {
		const json_t *s = i < NODES_MAX ? seen.samples[i] : NULL;

		if (!s) {
			print(y, "%2d %-8s", (int)member_number(node, "id"),
			      member_text(node, "state"));
			continue;
		}
		print(y, "%2d %-8s %3d %4.1f %7s %7s %8s %6s %6s %5.1f %6s %6s",
		      (int)member_number(node, "id"),
		      member_text(node, "state"),
		      (int)member_number(node, "cpus"),
		      of(s, "guest_cpus"), amount(of(s, "local")),
		      amount(of(s, "first_touch")), amount(of(s, "remote")),
		      amount(of(s, "p50_us")), amount(of(s, "p99_us")),
		      of(s, "miss_ratio") * 100, amount(of(s, "rx_bytes")),
		      amount(of(s, "tx_bytes")));
	}
}

static void draw_classes(int *y)
{
	print_head(y, seen.is_local ? "class (this host)        /s      p50us      p99us" :
				      "class (all nodes)        /s      p50us      p99us");
	if (!seen.has_classes) {
		print(y, "  %s", seen.why[0] ? seen.why : "waits for a second look");
		return;
	}
	for (int c = 0; c < __SSI_DSM_CLASS_MAX; c++) {
		const struct counts_class *class = &seen.classes[c];

		if (!class->count)
			continue;
		print(y, "  %-16s %8s %10.1f %10.1f", name_class(c),
		      amount(seen.rates[c]),
		      (double)histogram_percentile(class->buckets, 500) / 1e3,
		      (double)histogram_percentile(class->buckets, 990) / 1e3);
	}
}

/* The guest numbers its CPUs node by node. Return: a text like "0-1,4". */
static const char *cpus_of(uint32_t mask)
{
	static char text[64];
	unsigned int first = 0;
	size_t i, len = 0;
	json_t *node;

	text[0] = '\0';
	json_array_foreach(json_object_get(seen.cluster, "nodes"), i, node) {
		unsigned int cpus = member_number(node, "cpus");
		unsigned int id = member_number(node, "id");

		if (id < 32 && mask & UINT32_C(1) << id && cpus && len < sizeof(text))
			len += snprintf(text + len, sizeof(text) - len,
					cpus > 1 ? "%s%u-%u" : "%s%u", len ? "," : "",
					first, first + cpus - 1);
		first += cpus;
	}
	return text;
}

static void draw_pages(int *y)
{
	print_head(y, seen.is_local ? "hot page (home here)   moves  CPUs of the nodes that had it" :
				      "hot page               moves  CPUs of the nodes that had it");
	for (size_t i = 0; i < seen.num_pages; i++)
		print(y, "  0x%012" PRIx64 "  %10" PRIu64 "  %s",
		      ssi_layout_address(seen.pages[i].index << PAGE_SHIFT), seen.pages[i].moves,
		      cpus_of(seen.pages[i].nodes));
}

static void draw(void)
{
	int y = 0;

	erase();
	pthread_mutex_lock(&top_mutex);
	draw_health(&y);
	draw_nodes(&y);
	draw_classes(&y);
	draw_pages(&y);
	pthread_mutex_unlock(&top_mutex);
	refresh();
}

/* ---- all ---- */

static void end(int sig)
{
	top_ends = sig;
}

static void catch_signals(void)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		signal(ends[i], end);
}

static int run(int argc, char **argv)
{
	pthread_t thread;
	int key;

	if (argc)
		return ssictl_refuse_word(argv[0]);
	if (output_is_json() || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)) {
		error_as("no_terminal", "\"top\" needs a terminal; \"ssictl -j stats\" and \"ssictl -j guest\" are for programs");
		return EXIT_SYNTAX;
	}
	if (!newterm(NULL, stdout, stdin)) {
		error_as("no_terminal", "the terminal \"%s\" is unknown (TERM)", getenv("TERM") ?: "");
		return EXIT_SYNTAX;
	}
	catch_signals();
	cbreak();
	noecho();
	curs_set(0);
	if (has_colors() && start_color() != ERR && use_default_colors() != ERR) {
		init_pair(BAD_COLOUR, COLOR_RED, -1);
		init_pair(GOOD_COLOUR, COLOR_GREEN, -1);
	}
	timeout(KEY_WAIT_MS);
	if (pthread_create(&thread, NULL, ask_again, NULL))
		top_ends = SIGTERM;
	do {
		draw();
		key = getch();
	} while (key != 'q' && key != 'Q' && !top_ends);
	endwin();
	return top_ends ? 128 + top_ends : 0;
}

const struct object object_top = { "top", usage, NULL, run, NULL };
