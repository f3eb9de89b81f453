// SPDX-License-Identifier: GPL-2.0-or-later
/* The machine: creates everything in order, and runs it to its end. */
#include "machine.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "button.h"
#include "checkpoint.h"
#include "clock.h"
#include "cluster.h"
#include "cmdline.h"
#include "cpuid.h"
#include "deadline.h"
#include "devices.h"
#include "discard.h"
#include "dsm.h"
#include "filter.h"
#include "forward.h"
#include "host.h"
#include "hw/acpi_pm.h"
#include "hw/debugcon.h"
#include "hw/ioapic.h"
#include "hw/pit.h"
#include "hw/pvpanic.h"
#include "hw/q35.h"
#include "hw/reset.h"
#include "hw/rtc.h"
#include "hw/serial.h"
#include "hw/timebase.h"
#include "irq.h"
#include "loader_linux.h"
#include "loader_ovmf.h"
#include "log.h"
#include "measure.h"
#include "memory.h"
#include "move.h"
#include "orders.h"
#include "output.h"
#include "pause.h"
#include "pci.h"
#include "pin.h"
#include "proxy.h"
#include "resets.h"
#include "restore.h"
#include "route.h"
#include "run.h"
#include "sandbox.h"
#include "serial_to.h"
#include "smbios.h"
#include "stop.h"
#include "tables.h"
#include "term.h"
#include "tsc.h"
#include "tty.h"
#include "vcpu.h"
#include "vcpu_state.h"
#include "virtio/console.h"
#include "virtio/life.h"
#include "vm.h"

/* With more nodes Linux' watchdog compares the TSC with a worse clock. */
#define WATCHDOG_NODES		2

/*
 * Linux keeps the frequency of the TSC-deadline timer, an eighth of the TSC's,
 * in 32 bits of Hz (__setup_APIC_LVTT() in arch/x86/kernel/apic/apic.c).
 */
#define TSC_KHZ_MAX		(UINT32_MAX / 1000 * 8)

#define APPEND_MAX		0x10000
#define SMBIOS_OFFSET		0x100	/* of the tables, behind the anchor */

/* Interval of the search for parked CPUs; each look at a CPU costs an exit. */
#define LOOK_MS			100

/* Interval of the counters of CPU time; each CPU costs a system call. */
#define SAMPLE_MS		1000

static struct {
	const struct options *options;
	struct ssi_layout layout;
	struct vcpu vcpus[OPTIONS_MAX_CPUS];
	struct vcpu_boot boot;
	char append[APPEND_MAX];
	uint32_t tsc_khz;
	struct cpufeatures features;
	bool has_pm_timer;
	bool restores;
	struct checkpoint_guest guest;
} machine;

static bool has_devices(void)
{
	return machine.options->self == FORWARD_DEVICE_NODE;
}

static void make_layout(void)
{
	const char *why = tables_place(machine.options, &machine.layout);

	if (!why)
		why = tables_check_cpus(&machine.layout);
	if (why)
		die(EXIT_USAGE, "This guest configuration is not possible: %s.", why);
}

/*
 * The speed of the TSC that the guest is told. Its time is dilated by a speed that
 * is higher than the real one: this works on every host, while KVM can slow a
 * TSC down only if the CPU supports it.
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

static void add_option(const char *option)
{
	if (!cmdline_add(machine.append, sizeof(machine.append), option))
		die(EXIT_USAGE, "The kernel command line is longer than 64 KiB.");
}

/* Tell the guest the speed of its TSC: its own measurement is bad in a VM. */
static void make_append(void)
{
	const char *user = machine.options->append;
	char tsc[64];

	if (strlen(user) >= sizeof(machine.append))
		die(EXIT_USAGE, "The kernel command line is longer than 64 KiB.");
	snprintf(machine.append, sizeof(machine.append), "%s", user);
	snprintf(tsc, sizeof(tsc), "tsc_early_khz=%u", guest_tsc_khz());
	if (!cmdline_has(user, "tsc_early_khz="))
		add_option(tsc);
	if (!cmdline_has(user, "tsc=") &&
	    machine.options->num_nodes > WATCHDOG_NODES)
		add_option("tsc=reliable");
}

/* Such a guest stands still or finds no devices, often without a word. */
static void check_append(void)
{
	const char *option, *missing;

	missing = cmdline_find_limit(machine.append, &option);
	if (missing)
		log_warn("The kernel command line has %s, with which the guest will hardly run: %s.",
			 option, missing);
}

static void open_guest_files(void)
{
	uint64_t low = 0;

	for (unsigned int i = 0; i < machine.options->num_nodes; i++)
		low += machine.options->nodes[i].memory;
	if (low > MEMORY_HOLE_START)
		low = MEMORY_HOLE_START;
	if (machine.options->firmware)
		loader_ovmf_open(machine.options->firmware,
				 machine.options->variables, low);
	if (machine.options->kernel)
		loader_linux_open(machine.options->kernel,
				  machine.options->initrd, machine.append,
				  machine.options->firmware, low);
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

/* How many CPUs a node has, as the guest sees it. */
static unsigned int package_cpus(unsigned int node)
{
	const struct options *options = machine.options;

	return options->shape ? options->shape->cpus[node] :
				options->nodes[node].cpus;
}

static unsigned int package_shift(void)
{
	unsigned int most = 0, shift = 0;

	for (unsigned int i = 0; i < machine.layout.nodes; i++)
		if (package_cpus(i) > most)
			most = package_cpus(i);
	while (1u << shift < most)
		shift++;
	return shift;
}

/* The node where a CPU runs. */
static unsigned int node_of(unsigned int cpu)
{
	unsigned int node = 0, first = 0;

	while (cpu - first >= machine.options->nodes[node].cpus)
		first += machine.options->nodes[node++].cpus;
	return node;
}

static void create_cpu(unsigned int cpu)
{
	const struct ssi_acpi_cpu *place = &machine.layout.cpus[cpu];
	struct vcpu *vcpu = &machine.vcpus[cpu];
	struct cpuid_topology topology = {
		.apic_id = place->apic_id, .shift = package_shift(),
		.cpus = package_cpus(place->node),
		.tsc_khz = guest_tsc_khz(),
		.invariant_tsc = machine.options->invariant_tsc,
		.features = &machine.features,
	};

	vcpu->cpu = cpu;
	vcpu->apic_id = place->apic_id;
	vcpu->node = node_of(cpu);
	vcpu->real = vcpu->node == machine.options->self;
	vcpu->boots = cpu == 0;
	vcpu->host_cpu = vcpu->real ? pin_next(machine.options) : -1;
	vcpu_create(vcpu);
	cpuid_set(vcpu->fd, &topology);
	vcpu_enable_x2apic(vcpu);
}

static void power_off_guest(void)
{
	stop_ask(EXIT_GUEST_OFF, "The guest has powered off.");
}

static void panic_guest(void)
{
	stop_ask(EXIT_GUEST_PANIC, "The guest's kernel has panicked.");
}

static void quit_by_user(void)
{
	stop_ask(EXIT_GUEST_OFF, "The user has quit.");
}

static void set_sci(bool level)
{
	ioapic_set_line(SSI_ACPI_SCI_IRQ, level);
}

static void set_serial_irq(bool level)
{
	ioapic_set_line(SSI_ACPI_SERIAL_IRQ, level);
}

static const struct serial_ops machine_serial_ops = {
	.set_irq = set_serial_irq,
	.output = term_output,
};

static const struct term_ops machine_serial_term_ops = {
	.input = serial_input,
	.quit = quit_by_user,
};

static const struct term_ops machine_console_term_ops = {
	.input = console_input,
	.quit = quit_by_user,
	.room = console_room,
};

static void create_devices(void)
{
	static struct acpi_pm_config pm = {
		.event_port = SSI_ACPI_PM1_EVENT,
		.control_port = SSI_ACPI_PM1_CONTROL,
		.s5_type = SSI_ACPI_S5_TYPE,
		.set_sci = set_sci,
		.power_off = power_off_guest,
	};

	/*
	 * The firmware uses the timer for its waits, even if the ACPI tables do
	 * not show it to Linux; then it runs by the host's time, not dilated.
	 */
	if (machine.has_pm_timer || machine.options->firmware)
		pm.timer_port = SSI_ACPI_PM_TIMER;
	pm.timer_ns = machine.has_pm_timer ? timebase_ns : timebase_host_ns;
	ioapic_init(SSI_ACPI_IOAPIC_BASE, &irq_ioapic_ops);
	serial_init(SSI_ACPI_SERIAL_PORT, &machine_serial_ops);
	rtc_init(SSI_ACPI_RTC_PORT);
	pit_init();
	acpi_pm_init(&pm);
	reset_init(SSI_ACPI_RESET_PORT, resets_by_device);
	q35_init(SSI_ACPI_PM1_EVENT);
	pvpanic_init(SSI_ACPI_PVPANIC_PORT, panic_guest);
	if (machine.options->firmware)
		debugcon_init(DEBUGCON_PORT);
}

static void describe_acpi(struct ssi_acpi_config *config)
{
	const char *why = tables_describe(machine.options, &machine.layout,
					  machine.has_pm_timer, config);

	if (why)
		die(EXIT_USAGE, "The ACPI tables of this guest are not possible: %s.", why);
}

static uint64_t load_acpi(const struct ssi_acpi_config *config)
{
	void *buffer = memory_at(LOADER_ACPI_GPA, LOADER_ACPI_SIZE);
	uint64_t rsdp;
	size_t used;

	if (!buffer || ssi_acpi_build(config, LOADER_ACPI_GPA, buffer,
				      LOADER_ACPI_SIZE, &used, &rsdp))
		die(EXIT_USAGE, "The ACPI tables do not fit into the guest.");
	return rsdp;
}

static void load_smbios(const struct smbios *smbios)
{
	uint8_t *at = memory_at(LOADER_SMBIOS_GPA, LOADER_SMBIOS_SIZE);

	if (!at)
		die(EXIT_USAGE, "The SMBIOS tables do not fit into the guest.");
	memcpy(at, smbios->anchor, sizeof(smbios->anchor));
	memcpy(at + SMBIOS_OFFSET, smbios->tables, smbios->size);
}

static void make_smbios(struct smbios *smbios)
{
	const struct options *options = machine.options;

	smbios_make(smbios, options->uuid,
		    options->cluster ? options->cluster : "",
		    options->firmware, LOADER_SMBIOS_GPA + SMBIOS_OFFSET);
}

/* With firmware the boot CPU starts in its state after a reset. */
static void load_guest(void)
{
	static struct smbios smbios;
	struct ssi_acpi_config acpi;

	describe_acpi(&acpi);
	make_smbios(&smbios);
	log_debug("Kernel command line: %s", machine.append);
	if (machine.options->firmware) {
		loader_ovmf_load(&acpi, &machine.options->devices, &smbios,
				 machine.options->kernel);
		return;
	}
	load_smbios(&smbios);
	loader_linux_load(load_acpi(&acpi), !machine.options->devices.no_rng,
			  &machine.boot);
	vcpu_set_boot(&machine.vcpus[0], &machine.boot);
}

static void agree_on_tsc_speed(uint32_t host_khz)
{
	int err = vm_set_tsc_khz(machine.tsc_khz);

	if (err && machine.tsc_khz != host_khz)
		die(EXIT_HOST, "This host's TSC has %u kHz and cannot be made to look like node 0's %u kHz: %s.",
		    host_khz, machine.tsc_khz, strerror(-err));
}

static void write_error(const char *text)
{
	struct pollfd poller = { .fd = STDERR_FILENO, .events = POLLOUT };

	/* Do not wait for a reader that has stopped. */
	if (poll(&poller, 1, 0) == 1 &&
	    write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

/* Only async-signal-safe calls from here. */
static void machine_handle_bus_error(int sig, siginfo_t *info, void *unused)
{
	(void)sig;
	(void)unused;
	/* ask_leave() has taken the memory; the main thread ends the process. */
	while (stop_asked() && memory_is_shared(info->si_addr))
		pause();
	tty_restore();
	if (memory_is_shared(info->si_addr)) {
		write_error("ssi-vmm: Memory of the guest is out of reach: a node was lost.\n");
		_exit(EXIT_NODE_LOST);
	}
	if (info->si_code == BUS_MCEERR_AR || info->si_code == BUS_MCEERR_AO)
		write_error("ssi-vmm: The host has found an error in its memory.\n");
	else
		write_error("ssi-vmm: A file that ssi-vmm has mapped cannot be read: it was made shorter, or its disk has failed.\n");
	_exit(EXIT_HOST);
}

static void catch_bus_errors(void)
{
	struct sigaction action = {
		.sa_sigaction = machine_handle_bus_error,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGBUS, &action, NULL);
}

/*
 * The steps that need no other node, so that their errors show at once. All files and
 * devices of the host are opened here, with the keeper's rights, and before there is
 * a second thread.
 */
static void prepare(struct options *options)
{
	machine.options = options;
	signal(SIGPIPE, SIG_IGN);
	catch_bus_errors();
	machine.restores = restore_is_wanted(options);
	if (machine.restores)
		restore_open(options);
	make_layout();
	vm_create(IOAPIC_PINS);
	vcpu_state_init();
	machine.tsc_khz = vm_tsc_khz();
	check_time_dilation();
	timebase_init(options->time_dilation);
	make_append();
	pin_prepare(options);
	devices_open(options);
	host_read();
	if (has_devices()) {
		machine.has_pm_timer = machine.restores ?
			restore_has_pm_timer() : tables_have_pm_timer(options);
		log_debug("The guest gets %s PM timer.",
			  machine.has_pm_timer ? "a" : "no");
		check_append();
		open_guest_files();
		term_open(options->devices.console);
	} else {
		log_info("The guest's console is on node %u.",
			 FORWARD_DEVICE_NODE);
	}
}

/* Buses and windows of the nodes other than FORWARD_DEVICE_NODE. */
static void tell_where_devices_are(void)
{
	for (unsigned int i = 0; i < machine.layout.num_pci_roots; i++) {
		const struct ssi_acpi_pci_root *root =
			&machine.layout.pci_roots[i];
		uint64_t buses = root->last_bus - root->first_bus + 1;
		unsigned int node =
			device_root_node(&machine.options->devices, root->node);

		if (node == FORWARD_DEVICE_NODE)
			continue;
		route_add_range(SSI_ACPI_PCI_ECAM +
				root->first_bus * PCI_ECAM_BUS_SIZE,
				buses * PCI_ECAM_BUS_SIZE, node);
		route_add_range(root->window, root->window_size, node);
	}
}

/* The threads that do not belong to a device. From here on signals are orders. */
static void start_threads(void)
{
	if (!output_start())
		die(EXIT_HOST, "The host gives no thread for the output.");
	if (has_devices())
		term_start_output();
	stop_init(ask_orders());
	ask_ready();
}

static void describe_guest(void)
{
	machine.guest = (struct checkpoint_guest) {
		.options = machine.options, .layout = &machine.layout,
		.vcpus = machine.vcpus, .tsc_khz = machine.tsc_khz,
		.features = &machine.features,
		.has_pm_timer = machine.has_pm_timer,
	};
}

void machine_create(struct options *options)
{
	uint32_t host_khz;

	prepare(options);
	host_khz = machine.tsc_khz;
	if (machine.restores)
		machine.tsc_khz = restore_tsc_khz();
	create_memory();
	if (machine.restores)
		restore_open_memory();
	sandbox_guest(options);
	start_threads();
	clock_init();
	if (machine.restores)
		tsc_continue(restore_tsc());
	forward_init(machine.layout.num_cpus);
	route_init();
	button_init();
	resets_init(options);
	orders_init(machine.layout.cpus[0].apic_id);
	pause_init();
	checkpoint_init();
	move_init(machine.vcpus, machine.layout.num_cpus);
	discard_init(options);
	measure_init();
	tell_where_devices_are();
	if (options->num_nodes > 1)
		proxy_init(machine.vcpus, machine.layout.num_cpus);
	cpuid_host_features(&machine.features);
	cluster_start(options, &machine.tsc_khz, &machine.features);
	if (machine.restores)
		restore_features(&machine.features);
	/* not before: a warning must not hide why the guest does not start */
	if (!options->history)
		host_check(options->num_nodes, options->amd_rogpt);
	agree_on_tsc_speed(host_khz);
	measure_nodes(options);
	for (unsigned int cpu = 0; cpu < machine.layout.num_cpus; cpu++)
		create_cpu(cpu);
	tsc_init(machine.vcpus, machine.layout.num_cpus, clock_sync());
	pci_init(route_move_bar);
	devices_create(options, &machine.layout);
	if (has_devices()) {
		create_devices();
		button_start();
		if (!machine.restores || options->firmware)
			load_guest();
	}
	describe_guest();
	if (machine.restores)
		restore_guest(&machine.guest);
	if (options->num_nodes > 1)
		forward_serve();
	if (!options->no_sandbox)
		filter_process(device_has_usernet(&options->devices,
						  options->self));
}

/* A guest with one node has no proxies, so parked CPUs do not matter. */
static int look_ms(void)
{
	return machine.options->num_nodes > 1 ? LOOK_MS : SAMPLE_MS;
}

static void sample_cpu(struct vcpu *vcpu)
{
	struct timespec busy;
	clockid_t clock;

	if (vcpu->real && !pthread_getcpuclockid(vcpu->thread, &clock) &&
	    !clock_gettime(clock, &busy))
		atomic_store(&vcpu->counts->busy_ns,
			     busy.tv_sec * 1000000000ull + busy.tv_nsec);
}

static void sample_cpus(void)
{
	static struct timespec next;

	if (deadline_left_ms(&next))
		return;
	next = deadline_in(SAMPLE_MS);
	for (unsigned int cpu = 0; cpu < machine.layout.num_cpus; cpu++)
		sample_cpu(&machine.vcpus[cpu]);
}

static void look_at_cpus(void)
{
	if (machine.options->num_nodes > 1)
		for (unsigned int cpu = 0; cpu < machine.layout.num_cpus; cpu++)
			vcpu_look(&machine.vcpus[cpu]);
	sample_cpus();
}

static void tell_end(const struct stop_request *request)
{
	if (request->code == EXIT_RESTART)
		resets_leave(request->reason);
	else if (request->code == EXIT_GUEST_OFF || request->code > EXIT_SIGNAL)
		log_info("%s", request->reason);
	else
		log_error("%s", request->reason);
}

/* The boot CPU, or those that ran when the checkpoint was made; the others wait. */
static void begin_to_run(void)
{
	if (machine.restores)
		virtio_release();
	for (unsigned int cpu = 0; cpu < machine.layout.num_cpus; cpu++) {
		struct vcpu *vcpu = &machine.vcpus[cpu];

		if (vcpu->real && (vcpu->boots || vcpu->is_restored))
			proxy_report_sipi(vcpu, 0);
	}
}

int machine_run(void)
{
	const struct stop_request *request;

	for (unsigned int cpu = 0; cpu < machine.layout.num_cpus; cpu++)
		run_start(&machine.vcpus[cpu]);
	if (machine.options->num_nodes > 1)
		proxy_open();
	move_start();		/* another node may be asked to, from here on */
	cluster_barrier();
	clock_watch();
	if (has_devices()) {
		serial_to_start(serial_take);
		term_start(machine.options->devices.console ?
			   &machine_console_term_ops :
			   &machine_serial_term_ops);
	}
	stop_press_first(button_press);
	orders_start();
	ask_life(false);
	pause_start();		/* which may say at once that the guest stands still */
	checkpoint_start(&machine.guest);
	resets_begin();
	begin_to_run();
	while (!(request = stop_wait(look_ms())))
		look_at_cpus();
	cluster_stop();
	/*
	 * The other nodes start again, too. None of them may meet this node's old
	 * life, which this process would keep until it has ended.
	 */
	if (request->code == EXIT_RESTART && machine.options->num_nodes > 1)
		ask_leave();
	tty_restore();
	tell_end(request);
	return request->code;
}
