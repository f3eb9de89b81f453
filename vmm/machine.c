// SPDX-License-Identifier: GPL-2.0-or-later
/* The machine: everything that is created, in order, until it ends. */
#include "machine.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../acpi/layout.h"
#include "../acpi/ssi_acpi.h"
#include "clock.h"
#include "cluster.h"
#include "cpuid.h"
#include "dsm.h"
#include "forward.h"
#include "hw/acpi_pm.h"
#include "hw/ioapic.h"
#include "hw/pit.h"
#include "hw/pvpanic.h"
#include "hw/reset.h"
#include "hw/rtc.h"
#include "hw/serial.h"
#include "hw/timebase.h"
#include "irq.h"
#include "loader_linux.h"
#include "log.h"
#include "memory.h"
#include "proxy.h"
#include "stop.h"
#include "term.h"
#include "vcpu.h"
#include "vm.h"

/* Above it Linux' watchdog compares the TSC with what is worse than it. */
#define WATCHDOG_NODES		2

/*
 * Linux keeps the frequency of the TSC-deadline timer, an eighth of the TSC's,
 * in 32 bits of Hz (__setup_APIC_LVTT() in arch/x86/kernel/apic/apic.c).
 */
#define TSC_KHZ_MAX		(UINT32_MAX / 1000 * 8)

#define APPEND_MAX		0x10000

/* How often to look for CPUs that the guest has parked; a look is an exit. */
#define LOOK_MS			100

static struct {
	const struct options *options;
	struct ssi_layout layout;
	struct vcpu vcpus[OPTIONS_MAX_CPUS];
	struct vcpu_boot boot;
	char append[APPEND_MAX];
	uint32_t tsc_khz;
	struct cpufeatures features;
	bool has_pm_timer;
} machine;

static bool has_devices(void)
{
	return machine.options->self == FORWARD_DEVICE_NODE;
}

static void make_layout(void)
{
	const struct options *options = machine.options;
	struct ssi_layout_node nodes[SSI_DSM_MAX_NODES];
	const char *why;

	for (unsigned int i = 0; i < options->num_nodes; i++) {
		nodes[i].cpus = options->nodes[i].cpus;
		nodes[i].memory = options->nodes[i].memory;
	}
	why = ssi_layout_make(&machine.layout, nodes, options->num_nodes);
	if (why)
		die(EXIT_USAGE, "This guest cannot be: %s.", why);
	/* The IOAPIC names a CPU by 8 bits, of which all ones is everyone. */
	if (machine.layout.cpus[machine.layout.num_cpus - 1].apic_id > 254)
		die(EXIT_USAGE, "This guest cannot be: its APIC ids go beyond 254; give the nodes fewer or more equal CPUs.");
}

static bool says(const char *append, const char *option)
{
	const char *at = append;

	while ((at = strstr(at, option))) {
		if (at == append || at[-1] == ' ')
			return true;
		at++;
	}
	return false;
}

/*
 * What the guest takes the TSC's speed for. Its time is dilated by telling it
 * of a TSC faster than what it has: KVM can slow a TSC down only where the
 * hardware can, and this works everywhere.
 */
static uint32_t guest_tsc_khz(void)
{
	return machine.tsc_khz * machine.options->time_dilation;
}

static void check_time_dilation(void)
{
	unsigned int most = TSC_KHZ_MAX / machine.tsc_khz;

	if (machine.options->time_dilation > most)
		die(EXIT_USAGE, "The time dilation is at most %u with this host's TSC of %u kHz.",
		    most, machine.tsc_khz);
}

/* Tell the guest of its TSC what it would else measure, badly in a VM. */
static void make_append(void)
{
	const struct options *options = machine.options;
	const char *user = options->append;
	char tsc[64] = "";
	const char *reliable = "";

	if (!says(user, "tsc_early_khz="))
		snprintf(tsc, sizeof(tsc), " tsc_early_khz=%u",
			 guest_tsc_khz());
	if (!says(user, "tsc=") && options->num_nodes > WATCHDOG_NODES)
		reliable = " tsc=reliable";
	if (strlen(user) + sizeof(tsc) + 16 > sizeof(machine.append))
		die(EXIT_USAGE, "The kernel command line is longer than 64 KiB.");
	snprintf(machine.append, sizeof(machine.append), "%s%s%s", user, tsc,
		 reliable);
}

/*
 * Linux throws a reading of the PM timer away that takes longer than 1/32 ms
 * (arch/x86/kernel/tsc.c), and one reading is three exits. Those of a host
 * that is virtual itself take longer, and Linux then never settles on the TSC.
 */
static void choose_pm_timer(void)
{
	machine.has_pm_timer = machine.options->pm_timer == PM_TIMER_ON ||
			       (machine.options->pm_timer == PM_TIMER_AUTO &&
				!cpuid_host_is_virtual());
	log_debug("The guest gets %s PM timer.",
		  machine.has_pm_timer ? "a" : "no");
}

/* The file's first line, or "". */
static void read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");

	line[0] = '\0';
	if (!file)
		return;
	if (!fgets(line, size, file))
		line[0] = '\0';
	fclose(file);
}

static void check_host_tsc(void)
{
	char names[256];

	read_line("/sys/devices/system/clocksource/clocksource0/available_clocksource",
		  names, sizeof(names));
	if (names[0] && !strstr(names, "tsc"))
		log_warn("The host holds its TSC for unstable, and so will the guest; boot the host with tsc=reliable if you know better.");
}

/*
 * With accessed and dirty bits in Intel's nested page tables a walk of the
 * guest's page tables counts as a write to them (SDM volume 3, 29.3.3.2).
 */
static void check_nested_walk(void)
{
	char eptad[8];

	if (machine.options->num_nodes == 1)
		return;
	read_line("/sys/module/kvm_intel/parameters/eptad", eptad,
		  sizeof(eptad));
	if (eptad[0] == 'Y')
		log_warn("Every page table walk of the guest takes the page table away from the other nodes, which makes its CPUs many times slower; load kvm_intel with eptad=0.");
}

static void open_guest_files(void)
{
	uint64_t low = 0;

	for (unsigned int i = 0; i < machine.options->num_nodes; i++)
		low += machine.options->nodes[i].memory;
	if (low > MEMORY_HOLE_START)
		low = MEMORY_HOLE_START;
	loader_linux_open(machine.options->kernel, machine.options->initrd,
			  machine.append, low);
}

static void create_memory(void)
{
	const struct options *options = machine.options;
	uint64_t size = 0;

	for (unsigned int i = 0; i < options->num_nodes; i++)
		size += options->nodes[i].memory;
	if (options->num_nodes == 1)
		memory_create_anonymous(size);
	else
		memory_use(dsm_join(options), size);
	memory_add_to_vm();
}

static unsigned int package_shift(void)
{
	unsigned int most = 0, shift = 0;

	for (unsigned int i = 0; i < machine.options->num_nodes; i++)
		if (machine.options->nodes[i].cpus > most)
			most = machine.options->nodes[i].cpus;
	while (1u << shift < most)
		shift++;
	return shift;
}

static void create_cpu(unsigned int cpu)
{
	const struct ssi_acpi_cpu *place = &machine.layout.cpus[cpu];
	struct vcpu *vcpu = &machine.vcpus[cpu];
	struct cpuid_topology topology = {
		.apic_id = place->apic_id, .shift = package_shift(),
		.cpus = machine.options->nodes[place->node].cpus,
		.tsc_khz = guest_tsc_khz(),
		.invariant_tsc = machine.options->invariant_tsc,
		.features = &machine.features,
	};

	vcpu->cpu = cpu;
	vcpu->apic_id = place->apic_id;
	vcpu->node = place->node;
	vcpu->real = place->node == machine.options->self;
	vcpu->boots = cpu == 0;
	vcpu_create(vcpu);
	cpuid_set(vcpu->fd, &topology);
	vcpu_enable_x2apic(vcpu);
}

static void power_off_guest(void)
{
	stop_ask(EXIT_GUEST_OFF, "The guest has powered off.");
}

static void reset_guest(void)
{
	stop_ask(EXIT_GUEST_OFF, "The guest has reset itself.");
}

static void panic_guest(void)
{
	stop_ask(EXIT_GUEST_PANIC, "The guest's kernel has panicked.");
}

static void quit_by_user(void)
{
	stop_ask(EXIT_GUEST_OFF, "The user has quit.");
}

static void set_serial_irq(bool level)
{
	ioapic_set_line(SSI_ACPI_SERIAL_IRQ, level);
}

static const struct serial_ops machine_serial_ops = {
	.set_irq = set_serial_irq,
	.output = term_output,
};

static const struct term_ops machine_term_ops = {
	.input = serial_input,
	.quit = quit_by_user,
};

static void create_devices(void)
{
	static struct acpi_pm_config pm = {
		.event_port = SSI_ACPI_PM1_EVENT,
		.control_port = SSI_ACPI_PM1_CONTROL,
		.s5_type = SSI_ACPI_S5_TYPE,
		.power_off = power_off_guest,
	};

	if (machine.has_pm_timer)
		pm.timer_port = SSI_ACPI_PM_TIMER;
	ioapic_init(SSI_ACPI_IOAPIC_BASE, &irq_ioapic_ops);
	serial_init(SSI_ACPI_SERIAL_PORT, &machine_serial_ops);
	rtc_init(SSI_ACPI_RTC_PORT);
	pit_init();
	acpi_pm_init(&pm);
	reset_init(SSI_ACPI_RESET_PORT, reset_guest);
	pvpanic_init(SSI_ACPI_PVPANIC_PORT, panic_guest);
}

/* Rows that the file does not give are 10 and 20. */
static const uint8_t *make_distances(void)
{
	static uint8_t matrix[SSI_DSM_MAX_NODES * SSI_DSM_MAX_NODES];
	unsigned int nodes = machine.options->num_nodes;

	for (unsigned int from = 0; from < nodes; from++) {
		const uint8_t *row = machine.options->nodes[from].distances;

		for (unsigned int to = 0; to < nodes; to++)
			matrix[from * nodes + to] = row ? row[to] :
						    from == to ? 10 : 20;
	}
	return matrix;
}

static uint64_t load_acpi(void)
{
	struct ssi_acpi_config config = {
		SSI_ACPI_CONFIG_DEFAULTS,
		.distances = make_distances(),
	};
	void *buffer = memory_at(LOADER_ACPI_GPA, LOADER_ACPI_SIZE);
	const char *why;
	uint64_t rsdp;
	size_t used;

	ssi_layout_apply(&machine.layout, &config);
	if (!machine.has_pm_timer)
		config.pm_timer_port = 0;
	/* An id that no CPU has, as far as there is one. */
	config.ioapic_id = 0;
	why = ssi_acpi_check(&config);
	if (why)
		die(EXIT_USAGE, "The ACPI tables cannot be made: %s.", why);
	if (!buffer || ssi_acpi_build(&config, LOADER_ACPI_GPA, buffer,
				      LOADER_ACPI_SIZE, &used, &rsdp))
		die(EXIT_USAGE, "The ACPI tables do not fit into the guest.");
	return rsdp;
}

static void load_guest(void)
{
	loader_linux_load(load_acpi(), &machine.boot);
	vcpu_set_boot(&machine.vcpus[0], &machine.boot);
	log_debug("Kernel command line: %s", machine.append);
}

static void set_clocks(void)
{
	uint64_t offset = clock_sync();

	for (unsigned int cpu = 0; cpu < machine.layout.num_cpus; cpu++)
		vcpu_set_tsc_offset(&machine.vcpus[cpu], offset);
}

static void agree_on_tsc_speed(uint32_t host_khz)
{
	int err = vm_set_tsc_khz(machine.tsc_khz);

	if (err && machine.tsc_khz != host_khz)
		die(EXIT_HOST, "This host's TSC has %u kHz and cannot be made to look like node 0's %u kHz: %s.",
		    host_khz, machine.tsc_khz, strerror(-err));
}

/* A page of a lost node: only async-signal-safe calls from here. */
static void machine_handle_bus_error(int sig)
{
	static const char text[] =
		"ssi-vmm: Memory of the guest is out of reach: a node was lost.\n";

	(void)sig;
	term_restore();
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(EXIT_NODE_LOST);
	_exit(EXIT_NODE_LOST);
}

static void catch_bus_errors(void)
{
	struct sigaction action = { .sa_handler = machine_handle_bus_error };

	sigaction(SIGBUS, &action, NULL);
}

/* What needs nobody else, so that what is wrong here shows at once. */
static void prepare(const struct options *options)
{
	machine.options = options;
	if (options->num_nodes > 1)
		log_set_node(options->self);
	signal(SIGPIPE, SIG_IGN);
	catch_bus_errors();
	stop_init();
	make_layout();
	vm_create(IOAPIC_PINS);
	machine.tsc_khz = vm_tsc_khz();
	check_time_dilation();
	timebase_init(options->time_dilation);
	make_append();
	check_host_tsc();
	check_nested_walk();
	if (has_devices()) {
		choose_pm_timer();
		open_guest_files();
		term_open(options->serial);
	} else {
		log_info("The guest's console is on node %u.",
			 FORWARD_DEVICE_NODE);
	}
}

void machine_create(const struct options *options)
{
	uint32_t host_khz;

	prepare(options);
	host_khz = machine.tsc_khz;
	create_memory();
	clock_init();
	forward_init(machine.layout.num_cpus);
	if (options->num_nodes > 1)
		proxy_init(machine.vcpus, machine.layout.num_cpus);
	cpuid_host_features(&machine.features);
	cluster_start(options, &machine.tsc_khz, &machine.features);
	agree_on_tsc_speed(host_khz);
	for (unsigned int cpu = 0; cpu < machine.layout.num_cpus; cpu++)
		create_cpu(cpu);
	set_clocks();
	if (has_devices()) {
		create_devices();
		load_guest();
	}
}

/* One node has no proxies that would have to know. */
static int look_ms(void)
{
	return machine.options->num_nodes > 1 ? LOOK_MS : -1;
}

static void look_at_cpus(void)
{
	for (unsigned int cpu = 0; cpu < machine.layout.num_cpus; cpu++)
		vcpu_look(&machine.vcpus[cpu]);
}

int machine_run(void)
{
	const struct stop_request *request;

	for (unsigned int cpu = 0; cpu < machine.layout.num_cpus; cpu++)
		vcpu_start(&machine.vcpus[cpu]);
	cluster_barrier();
	if (has_devices())
		term_start(&machine_term_ops);
	if (machine.vcpus[0].real)
		proxy_report_sipi(&machine.vcpus[0], 0);
	while (!(request = stop_wait(look_ms())))
		look_at_cpus();
	term_restore();
	log_info("%s", request->reason);
	cluster_stop();
	return request->code;
}
