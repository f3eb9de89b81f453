// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walks the ACPI tables as a guest does, from the RSDP on, and compares their
 * contents with the configuration they were made from; then bad input. KTAP.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acpi/layout.h"
#include "acpi/loader.h"
#include "acpi/ssi_acpi.h"

#define GPA		0xe0000ull
#define MIB		(1ull << 20)
#define GIB		(1ull << 30)
#define HEADER_SIZE	36

static uint8_t buffer[SSI_ACPI_MAX_SIZE + 64] __attribute__((aligned(64)));
static unsigned int num_tests, num_failed;
static bool failed;

static void __attribute__((format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list args;

	failed = true;
	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void finish(const char *name)
{
	num_failed += failed;
	printf("%s %u %s\n", failed ? "not ok" : "ok", ++num_tests, name);
	failed = false;
}

static uint64_t field(const uint8_t *at, unsigned int bytes)
{
	uint64_t value = 0;

	memcpy(&value, at, bytes);
	return value;
}

static void expect(const char *what, uint64_t found, uint64_t expected)
{
	if (found != expected)
		fail("%s is %#" PRIx64 " instead of %#" PRIx64, what, found,
		     expected);
}

static uint8_t sum(const uint8_t *at, size_t len)
{
	uint8_t total = 0;

	while (len--)
		total += *at++;
	return total;
}

static const uint8_t *at_gpa(uint64_t gpa, size_t len)
{
	static const uint8_t nothing[HEADER_SIZE];

	if (gpa >= GPA && gpa + len <= GPA + SSI_ACPI_MAX_SIZE)
		return buffer + (gpa - GPA);
	fail("a pointer leads to %#" PRIx64 ", outside of the tables", gpa);
	return nothing;
}

/* A table with the standard header: its signature, revision and checksum. */
static const uint8_t *table_at(uint64_t gpa, const char *signature,
			       uint8_t revision)
{
	const uint8_t *table = at_gpa(gpa, HEADER_SIZE);
	uint32_t length = field(table + 4, 4);

	if (memcmp(table, signature, 4))
		fail("there is no %s at %#" PRIx64, signature, gpa);
	if (length < HEADER_SIZE || length > SSI_ACPI_MAX_SIZE)
		fail("the length of the %s is %u", signature, length);
	else
		expect(signature, sum(table, length), 0);
	expect("revision", table[8], revision);
	return table;
}

static const uint8_t *find_xsdt(uint64_t rsdp_gpa)
{
	const uint8_t *rsdp = at_gpa(rsdp_gpa, 36);

	if (memcmp(rsdp, "RSD PTR ", 8))
		fail("there is no RSDP at %#" PRIx64, rsdp_gpa);
	expect("alignment of the RSDP", rsdp_gpa % 16, 0);
	expect("checksum of the RSDP", sum(rsdp, 20), 0);
	expect("extended checksum of the RSDP", sum(rsdp, 36), 0);
	expect("revision of the RSDP", rsdp[15], 2);
	return table_at(field(rsdp + 24, 8), "XSDT", 1);
}

static void check_fadt(const uint8_t *fadt)
{
	uint64_t facs_gpa = field(fadt + 132, 8);
	const uint8_t *facs = at_gpa(facs_gpa, 64);

	expect("length of the FADT", field(fadt + 4, 4), 276);
	expect("SMI command port", field(fadt + 48, 4), 0);
	expect("SCI", field(fadt + 46, 2), SSI_ACPI_SCI_IRQ);
	expect("PM1 event port", field(fadt + 56, 4), SSI_ACPI_PM1_EVENT);
	expect("X_PM1a_EVT_BLK", field(fadt + 152, 8), SSI_ACPI_PM1_EVENT);
	expect("PM1 control port", field(fadt + 64, 4), SSI_ACPI_PM1_CONTROL);
	expect("X_PM1a_CNT_BLK", field(fadt + 176, 8), SSI_ACPI_PM1_CONTROL);
	expect("PM timer port", field(fadt + 76, 4), SSI_ACPI_PM_TIMER);
	expect("X_PM_TMR_BLK", field(fadt + 212, 8), SSI_ACPI_PM_TIMER);
	expect("reset register", field(fadt + 120, 8), SSI_ACPI_RESET_PORT);
	expect("reset value", fadt[128], SSI_ACPI_RESET_VALUE);
	if (memcmp(facs, "FACS", 4))
		fail("there is no FACS at %#" PRIx64, facs_gpa);
	expect("alignment of the FACS", facs_gpa % 64, 0);
	expect("length of the FACS", field(facs + 4, 4), 64);
	table_at(field(fadt + 140, 8), "DSDT", 2);
}

/* Each CPU once, in order, enabled; then the entries that route interrupts. */
static void check_madt(const uint8_t *madt, const struct ssi_acpi_config *cfg)
{
	uint32_t length = field(madt + 4, 4);
	unsigned int cpus = 0, others = 0;

	for (uint32_t at = 44; at < length; at += madt[at + 1]) {
		const uint8_t *entry = madt + at;

		if (entry[1] < 2) {
			fail("an entry of the MADT has no length");
			return;
		}
		if (entry[0] != 9) {
			others++;
			continue;
		}
		if (cpus < cfg->num_cpus)
			expect("APIC id", field(entry + 4, 4),
			       cfg->cpus[cpus].apic_id);
		expect("MADT flags", field(entry + 8, 4), 1);
		expect("processor UID", field(entry + 12, 4), cpus++);
	}
	expect("number of CPUs in the MADT", cpus, cfg->num_cpus);
	expect("other entries of the MADT", others, 3);
}

static void check_srat(const uint8_t *srat, const struct ssi_acpi_config *cfg)
{
	const uint8_t *entry = srat + 48;

	expect("length of the SRAT", field(srat + 4, 4),
	       48 + cfg->num_cpus * 24 + cfg->num_memory * 40);
	for (unsigned int i = 0; i < cfg->num_cpus; i++, entry += 24) {
		expect("SRAT entry type", entry[0], 2);
		expect("domain of a CPU", field(entry + 4, 4),
		       cfg->cpus[i].node);
		expect("APIC id", field(entry + 8, 4), cfg->cpus[i].apic_id);
		expect("SRAT flags", field(entry + 12, 4), 1);
	}
	for (unsigned int i = 0; i < cfg->num_memory; i++, entry += 40) {
		expect("SRAT entry type", entry[0], 1);
		expect("domain of memory", field(entry + 2, 4),
		       cfg->memory[i].node);
		expect("base of memory", field(entry + 8, 8),
		       cfg->memory[i].base);
		expect("size of memory", field(entry + 16, 8),
		       cfg->memory[i].size);
		expect("SRAT flags", field(entry + 28, 4), 1);
	}
}

static void check_slit(const uint8_t *slit, const struct ssi_acpi_config *cfg)
{
	unsigned int nodes = cfg->nodes;

	expect("length of the SLIT", field(slit + 4, 4), 44 + nodes * nodes);
	expect("localities", field(slit + 36, 8), nodes);
	for (unsigned int i = 0; i < nodes * nodes; i++)
		expect("distance", slit[44 + i],
		       cfg->distances ? cfg->distances[i] :
		       i / nodes == i % nodes ? 10 : 20);
}

static void check_mcfg(const uint8_t *mcfg)
{
	expect("length of the MCFG", field(mcfg + 4, 4), 60);
	expect("configuration space", field(mcfg + 44, 8), SSI_ACPI_PCI_ECAM);
	expect("segment", field(mcfg + 52, 2), 0);
	expect("first bus", mcfg[54], 0);
	expect("last bus", mcfg[55], 255);
}

static void check_spcr(const uint8_t *spcr)
{
	expect("length of the SPCR", field(spcr + 4, 4), 80);
	expect("console's address space", spcr[40], 1);
	expect("console's port", field(spcr + 44, 8), SSI_ACPI_SERIAL_PORT);
	expect("console's GSI", field(spcr + 54, 4), SSI_ACPI_SERIAL_IRQ);
}

/* Values are rounded up to the unit, which is as small as possible. */
static void check_locality(const uint8_t *at, const struct ssi_acpi_config *cfg,
			   const uint32_t *values, uint64_t unit)
{
	uint32_t initiators = field(at + 12, 4), targets = field(at + 16, 4);
	const uint8_t *list = at + 32, *entries;

	entries = list + 4 * (initiators + targets);
	expect("targets", targets, cfg->nodes);
	expect("length of a locality", field(at + 4, 4),
	       entries - at + 2 * initiators * targets);
	for (uint32_t i = 0; i < initiators * targets; i++) {
		uint32_t from = field(list + 4 * (i / targets), 4);
		uint32_t to = field(list + 4 * (initiators + i % targets), 4);
		uint64_t base = field(at + 24, 8) / unit;
		uint64_t value = values[from * cfg->nodes + to];

		expect("an entry", field(entries + 2 * i, 2),
		       (value + base - 1) / base);
	}
}

static void check_hmat(const uint8_t *hmat, const struct ssi_acpi_config *cfg)
{
	const uint8_t *at = hmat + 40;

	for (unsigned int node = 0; node < cfg->nodes; node++, at += 40) {
		unsigned int cpus = 0;

		for (unsigned int i = 0; i < cfg->num_cpus; i++)
			cpus += cfg->cpus[i].node == node;
		expect("type of a domain", field(at, 2), 0);
		expect("initiator is known", field(at + 8, 2), cpus > 0);
		expect("memory's domain", field(at + 16, 4), node);
	}
	expect("type of the latencies", at[9], 0);
	check_locality(at, cfg, cfg->latencies, 1000);
	at += field(at + 4, 4);
	expect("type of the bandwidths", at[9], 3);
	check_locality(at, cfg, cfg->bandwidths, 1);
	expect("length of the HMAT", field(hmat + 4, 4),
	       at + field(at + 4, 4) - hmat);
}

static void check_tables(const struct ssi_acpi_config *cfg, uint64_t rsdp_gpa)
{
	const uint8_t *xsdt = find_xsdt(rsdp_gpa);

	expect("length of the XSDT", field(xsdt + 4, 4), 36 + (6 + !!cfg->latencies) * 8);
	check_fadt(table_at(field(xsdt + 36, 8), "FACP", 6));
	check_madt(table_at(field(xsdt + 44, 8), "APIC", 5), cfg);
	check_srat(table_at(field(xsdt + 52, 8), "SRAT", 3), cfg);
	check_slit(table_at(field(xsdt + 60, 8), "SLIT", 1), cfg);
	check_mcfg(table_at(field(xsdt + 68, 8), "MCFG", 1));
	check_spcr(table_at(field(xsdt + 76, 8), "SPCR", 2));
	if (cfg->latencies)
		check_hmat(table_at(field(xsdt + 84, 8), "HMAT", 2), cfg);
}

/* Every buffer that is too small is refused and not overrun. */
static void check_small_buffers(const struct ssi_acpi_config *cfg, size_t used)
{
	size_t got;
	uint64_t rsdp;

	for (size_t size = 0; size < used; size++) {
		int err;

		memset(buffer, 0xa5, used + 64);
		err = ssi_acpi_build(cfg, GPA, buffer, size, &got, &rsdp);
		if (err != -ENOSPC)
			fail("%zu of %zu bytes: the result is %d", size, used,
			     err);
		if (buffer[size] != 0xa5)
			fail("%zu of %zu bytes: written past the end", size,
			     used);
		if (failed)
			return;
	}
	expect("result with just enough",
	       ssi_acpi_build(cfg, GPA, buffer, used, &got, &rsdp), 0);
}

static uint8_t *loader_file(struct ssi_acpi_loader *loader, const char *name)
{
	if (!strcmp(name, SSI_ACPI_TABLES_FILE))
		return loader->tables;
	if (strcmp(name, SSI_ACPI_RSDP_FILE))
		fail("there is no file %s", name);
	return loader->rsdp;
}

/* As a firmware does that has copied the tables to @gpa. */
static void run_command(struct ssi_acpi_loader *loader, const uint8_t *command,
			uint64_t gpa)
{
	uint8_t *file = loader_file(loader, (const char *)command + 4);
	uint64_t pointer;
	uint32_t at;

	switch (field(command, 4)) {
	case 1:
		break;
	case 2:
		at = field(command + 116, 4);
		expect("size of a pointer", command[120], 8);
		pointer = field(file + at, 8) + gpa;
		memcpy(file + at, &pointer, sizeof(pointer));
		break;
	case 3:
		at = field(command + 60, 4);
		file[at] -= sum(file + field(command + 64, 4),
				field(command + 68, 4));
		break;
	default:
		fail("a loader command is unknown");
	}
}

/*
 * The tables from the firmware's files equal those of a guest without firmware.
 */
static void check_loader(const struct ssi_acpi_config *cfg)
{
	static struct ssi_acpi_loader loader;
	const uint32_t first = 64;	/* the RSDP's place */
	uint64_t rsdp;
	size_t used;

	expect("result of the loader", ssi_acpi_build_loader(cfg, &loader), 0);
	for (size_t at = 0; at < loader.commands_size;
	     at += SSI_ACPI_COMMAND_SIZE)
		run_command(&loader, loader.commands + at, GPA + first);
	ssi_acpi_build(cfg, GPA, buffer, SSI_ACPI_MAX_SIZE, &used, &rsdp);
	expect("size for the firmware", loader.tables_size, used - first);
	if (memcmp(loader.tables, buffer + first, used - first))
		fail("the firmware's tables differ");
	if (memcmp(loader.rsdp, buffer, sizeof(loader.rsdp)))
		fail("the firmware's RSDP differs");
}

static void make_config(const struct ssi_layout_node *nodes,
			unsigned int count, struct ssi_acpi_config *cfg)
{
	static struct ssi_layout layout;
	const char *why = ssi_layout_make(&layout, nodes, count);

	*cfg = (struct ssi_acpi_config) { SSI_ACPI_CONFIG_DEFAULTS };
	if (why)
		fail("the layout was refused: %s", why);
	ssi_layout_apply(&layout, cfg);
}

static void test_config(const char *name, const struct ssi_acpi_config *given)
{
	struct ssi_acpi_config cfg = *given;
	uint64_t rsdp;
	size_t used;
	int err;

	err = ssi_acpi_build(&cfg, GPA, buffer, SSI_ACPI_MAX_SIZE, &used,
			     &rsdp);
	if (err) {
		fail("the result is %d", err);
	} else {
		check_tables(&cfg, rsdp);
		check_loader(&cfg);
		/* Quadratic in the size, so not for the largest. */
		if (used < 8192)
			check_small_buffers(&cfg, used);
	}
	finish(name);
}

static void test_shape(const char *name, const struct ssi_layout_node *nodes,
		       unsigned int count, const uint8_t *distances)
{
	struct ssi_acpi_config cfg;

	make_config(nodes, count, &cfg);
	cfg.distances = distances;
	test_config(name, &cfg);
}

/* Node 1 has memory only; one latency needs a larger unit than 1 ns. */
static void test_performance(void)
{
	static const struct ssi_layout_node nodes[] = {
		{ 1, 256 * MIB }, { 0, 256 * MIB }, { 2, 256 * MIB },
	};
	static const uint32_t latencies[] = {
		100, 9000, 131069, 1, 1, 1, 9001, 9000, 100,
	};
	static const uint32_t bandwidths[] = {
		12000, 450, 30, 1, 1, 1, 30, 450, 12000,
	};
	struct ssi_acpi_config cfg;

	make_config(nodes, 3, &cfg);
	cfg.latencies = latencies;
	cfg.bandwidths = bandwidths;
	test_config("latencies and bandwidths", &cfg);
}

static void test_shapes(void)
{
	static const uint8_t distances[] = { 10, 20, 30, 20, 10, 25, 30, 25, 10 };
	static const struct ssi_layout_node one[] = { { 1, 256 * MIB } };
	static const struct ssi_layout_node two[] = {
		{ 1, 256 * MIB }, { 1, 256 * MIB },
	};
	static const struct ssi_layout_node two_by_two[] = {
		{ 2, 256 * MIB }, { 2, 768 * MIB },
	};
	static const struct ssi_layout_node three[] = {
		{ 1, 128 * MIB }, { 3, 256 * MIB }, { 2, 2 * MIB },
	};
	static const struct ssi_layout_node hole[] = {
		{ 1, 2 * GIB }, { 2, 6 * GIB },
	};
	static const struct ssi_layout_node donor[] = {
		{ 2, SSI_LAYOUT_HOLE_START }, { 0, GIB },
	};
	struct ssi_layout_node most[SSI_ACPI_MAX_NODES];

	test_shape("one node", one, 1, NULL);
	test_shape("two nodes with a CPU each", two, 2, NULL);
	test_shape("two nodes with two CPUs each", two_by_two, 2, NULL);
	test_shape("three unequal nodes and distances", three, 3, distances);
	test_shape("memory across the hole", hole, 2, NULL);
	test_shape("a node without CPUs, above the hole", donor, 2, NULL);
	for (unsigned int i = 0; i < SSI_ACPI_MAX_NODES; i++)
		most[i] = (struct ssi_layout_node) {
			.cpus = SSI_ACPI_MAX_CPUS / SSI_ACPI_MAX_NODES,
			.memory = 64 * GIB,
		};
	test_shape("32 nodes and 1024 CPUs", most, SSI_ACPI_MAX_NODES, NULL);
}

static void expect_range(const struct ssi_acpi_memory *range, uint64_t base,
			 uint64_t size, uint32_t node)
{
	expect("base", range->base, base);
	expect("size", range->size, size);
	expect("node", range->node, node);
}

static void test_layout(void)
{
	static const struct ssi_layout_node nodes[] = {
		{ 3, 2 * GIB }, { 1, 2 * GIB }, { 2, GIB },
	};
	static const struct ssi_layout_node edge[] = {
		{ 1, SSI_LAYOUT_HOLE_START }, { 1, GIB },
	};
	const uint64_t low = SSI_LAYOUT_HOLE_START - 2 * GIB;
	struct ssi_acpi_config cfg;

	make_config(nodes, 3, &cfg);
	expect("ranges", cfg.num_memory, 4);
	expect_range(&cfg.memory[0], 0, 2 * GIB, 0);
	expect_range(&cfg.memory[1], 2 * GIB, low, 1);
	expect_range(&cfg.memory[2], 4 * GIB, 2 * GIB - low, 1);
	expect_range(&cfg.memory[3], 6 * GIB - low, GIB, 2);
	expect("APIC id of node 0's last CPU", cfg.cpus[2].apic_id, 2);
	expect("APIC id of node 1's CPU", cfg.cpus[3].apic_id, 4);
	expect("APIC id of node 2's last CPU", cfg.cpus[5].apic_id, 9);
	make_config(edge, 2, &cfg);
	expect("ranges that end at the hole", cfg.num_memory, 2);
	expect_range(&cfg.memory[1], 4 * GIB, GIB, 1);
	finish("layout of memory and APIC ids");
}

/* The layout places memory in the order of its offsets. */
static void test_addresses(void)
{
	static const struct ssi_layout_node nodes[] = {
		{ 1, 2 * GIB }, { 1, 3 * GIB }, { 1, GIB },
	};
	struct ssi_acpi_config cfg;
	uint64_t at = 0, offset;

	make_config(nodes, 3, &cfg);
	for (unsigned int i = 0; i < cfg.num_memory; i++) {
		const struct ssi_acpi_memory *range = &cfg.memory[i];
		uint64_t last = range->size - 4096;

		expect("first page", ssi_layout_address(at), range->base);
		expect("last page", ssi_layout_address(at + last),
		       range->base + last);
		expect("in the hole", !ssi_layout_offset(range->base + last, &offset), 0);
		expect("offset of the last page", offset, at + last);
		at += range->size;
	}
	expect("before the hole", ssi_layout_offset(SSI_LAYOUT_HOLE_START - 1, &offset), 1);
	expect("in the hole", ssi_layout_offset(SSI_LAYOUT_HOLE_START, &offset), 0);
	expect("at its end", ssi_layout_offset(SSI_LAYOUT_HOLE_END - 1, &offset), 0);
	expect("behind it", ssi_layout_offset(SSI_LAYOUT_HOLE_END, &offset), 1);
	finish("offsets in the memory and addresses");
}

/* No two roots share a bus or an address, and all are in the window. */
static void test_pci_roots(void)
{
	static struct ssi_layout layout;
	const struct ssi_acpi_pci_root *roots = layout.pci_roots;
	struct ssi_layout_node nodes[SSI_ACPI_MAX_NODES];
	uint32_t bus = 0, at = SSI_ACPI_PCI_WINDOW;

	for (unsigned int i = 0; i < SSI_ACPI_MAX_NODES; i++)
		nodes[i] = (struct ssi_layout_node){ 1, 2 * MIB };
	if (ssi_layout_make(&layout, nodes, SSI_ACPI_MAX_NODES))
		fail("the layout was refused");
	expect("roots at first", layout.num_pci_roots, 1);
	for (unsigned int i = 0; i < SSI_ACPI_MAX_NODES; i++) {
		ssi_layout_add_pci_root(&layout, i);
		ssi_layout_add_pci_root(&layout, i);
		expect("node", roots[i].node, i);
		expect("first bus", roots[i].first_bus, bus);
		expect("window", roots[i].window, at);
		bus = roots[i].last_bus + 1;
		at += roots[i].window_size;
	}
	expect("roots", layout.num_pci_roots, SSI_ACPI_MAX_NODES);
	if (at > SSI_ACPI_PCI_WINDOW + SSI_ACPI_PCI_WINDOW_SIZE || bus > 256)
		fail("the last root goes to bus %u and %#x", bus, at);
	finish("PCI roots of 32 nodes");
}

static void expect_refused(const char *what, const struct ssi_acpi_config *cfg)
{
	uint64_t rsdp;
	size_t used;
	int err = ssi_acpi_build(cfg, GPA, buffer, SSI_ACPI_MAX_SIZE, &used,
				 &rsdp);

	if (!ssi_acpi_check(cfg))
		fail("no error was found");
	if (err != -EINVAL)
		fail("the result is %d instead of -EINVAL", err);
	finish(what);
}

static void test_bad_input(void)
{
	static const struct ssi_acpi_cpu cpus[] = { { 0, 0 }, { 1, 1 } };
	static const struct ssi_acpi_cpu same_id[] = { { 1, 0 }, { 1, 1 } };
	static const struct ssi_acpi_cpu far[] = { { 0, 0 }, { 1, 2 } };
	static const struct ssi_acpi_memory memory[] = {
		{ 0, GIB, 0 }, { GIB, GIB, 1 },
	};
	static const struct ssi_acpi_memory overlap[] = {
		{ 0, GIB, 0 }, { GIB - 4096, GIB, 1 },
	};
	static const struct ssi_acpi_memory odd[] = {
		{ 0, GIB, 0 }, { GIB, 4095, 1 },
	};
	static const struct ssi_acpi_memory wrap[] = {
		{ 0, GIB, 0 }, { -GIB, GIB, 1 },
	};
	static const uint8_t distances[] = { 10, 10, 20, 10 };
	static const uint32_t slow[] = { 100, 4000001, 9000, 100 };
	static const uint32_t nothing[] = { 12000, 400, 0, 12000 };
	const struct ssi_acpi_config good = {
		SSI_ACPI_CONFIG_DEFAULTS, .nodes = 2, .cpus = cpus,
		.num_cpus = 2, .memory = memory, .num_memory = 2,
	};
	struct ssi_acpi_config cfg = good;

	cfg.nodes = 0;
	expect_refused("no nodes", &cfg);
	cfg.nodes = SSI_ACPI_MAX_NODES + 1;
	expect_refused("too many nodes", &cfg);
	cfg = good;
	cfg.num_cpus = 0;
	expect_refused("no CPUs", &cfg);
	cfg = good;
	cfg.cpus = same_id;
	expect_refused("an APIC id twice", &cfg);
	cfg.cpus = far;
	expect_refused("a CPU on a node that does not exist", &cfg);
	cfg = good;
	cfg.num_memory = 0;
	expect_refused("no memory", &cfg);
	cfg = good;
	cfg.memory = overlap;
	expect_refused("memory that overlaps", &cfg);
	cfg.memory = odd;
	expect_refused("memory that is not made of pages", &cfg);
	cfg.memory = wrap;
	expect_refused("memory past the end of the address space", &cfg);
	cfg = good;
	cfg.distances = distances;
	expect_refused("a remote distance of 10", &cfg);
	cfg = good;
	cfg.latencies = slow;
	expect_refused("a latency that Linux cannot count", &cfg);
	cfg = good;
	cfg.bandwidths = nothing;
	expect_refused("no bandwidth at all", &cfg);
	cfg = good;
	cfg.pm1_event_port = 0;
	expect_refused("no PM1 event port", &cfg);
}

static void test_bad_address(void)
{
	static const struct ssi_layout_node one[] = { { 1, 2 * MIB } };
	struct ssi_acpi_config cfg;
	uint64_t rsdp;
	size_t used;

	make_config(one, 1, &cfg);
	expect("result", ssi_acpi_build(&cfg, GPA + 16, buffer,
					SSI_ACPI_MAX_SIZE, &used, &rsdp),
	       -EINVAL);
	finish("a guest address that is not aligned");
}

int main(void)
{
	puts("KTAP version 1");
	test_shapes();
	test_performance();
	test_layout();
	test_addresses();
	test_pci_roots();
	test_bad_input();
	test_bad_address();
	printf("1..%u\n", num_tests);
	return num_failed ? 1 : 0;
}
