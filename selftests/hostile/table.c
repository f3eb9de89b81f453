// SPDX-License-Identifier: GPL-2.0-or-later
/* What is tried. */
#include "drive.h"

#include <stddef.h>

#define ALL_DEVICES	"--disk disk.img --net user --free-page-reporting on --console virtio --serial stdio"
#define BROKEN		24	/* lines, of devices that were broken: ten a minute */
#define LOOP		7	/* lines, of five resets and a late hangup */
#define CLUSTER_LOOP	20	/* and of nodes that begin again */
#define HANGUP		(128 + 1)
#define TERMINATED	(128 + 15)
#define TEXT(value)	TEXT_OF(value)
#define TEXT_OF(value)	#value
#define FORWARD		"--net user,hostfwd=tcp:127.0.0.1:" TEXT(DRIVE_PORT) "-:22"

const struct hostile hostile_table[] = {
	{
		.name = "a guest of a few KiB",
		.guest = "hello",
	}, {
		.name = "the same as firmware",
		.guest = "hello", .firmware = true, .options = ",vars=vars.fd",
	},
	{
		.name = "standard descriptors closed",
		.guest = "hello", .options = "--disk disk.img",
		.stdio = VMM_CLOSED, .after = drive_check_disk,
	}, {
		.name = "queues enabled late",
		.guest = "queue_enabled_late", .options = ALL_DEVICES,
	}, {
		.name = "idle network card",
		.guest = "net_idle", .options = "--net user",
		.code = HANGUP, .sentence = "Ended by Hangup.",
		.drive = drive_idle,
	}, {
		.name = "tap deleted", .tap = true,
		.guest = "tap_deleted", .options = "--net tap=" TRIAL_TAP,
		.code = HANGUP, .sentence = "Ended by Hangup.",
		.drive = drive_tap_deletion,
	}, {
		.name = "eight network cards",
		.guest = "macs",
		.options = "--net user --net user --net user --net user --net user --net user --net user --net user",
	}, {
		.name = "device without bus mastering",
		.guest = "no_bus_master",
	}, {
		.name = "console that nobody reads",
		.guest = "talks", .stdio = VMM_PIPE,
		.code = TERMINATED, .sentence = "Ended by Terminated.",
		.drive = drive_blocked_console,
	}, {
		.name = "virtio console that nobody reads",
		.guest = "talks_virtio", .options = "--console virtio",
		.stdio = VMM_PIPE,
		.code = TERMINATED, .sentence = "Ended by Terminated.",
		.drive = drive_blocked_console,
	}, {
		.name = "reset with a connection",
		.guest = "resets_when_connected", .options = FORWARD,
		.reboots = true,
		.code = HANGUP, .sentence = "Ended by Hangup.",
		.drive = drive_reset,
	}, {
		.name = "540 idle connections",
		.guest = "connected", .options = FORWARD,
		.code = HANGUP, .sentence = "Ended by Hangup.",
		.drive = drive_many_connections,
	}, {
		.name = "driver that breaks the rules 2000 times",
		.guest = "breaks_rules", .lines = BROKEN,
	}, {
		.name = "blk",
		.guest = "blk", .options = "--disk disk.img", .lines = BROKEN,
	}, {
		.name = "blk without io_uring",
		.guest = "blk", .options = "--disk disk.img",
		.stdio = VMM_NO_IO_URING, .lines = BROKEN,
	}, {
		.name = "blk of large blocks",
		.guest = "blk_blocks",
		.options = "--disk disk.img,logical-block-size=4096",
	}, {
		.name = "blk that grows",
		.guest = "blk_grows", .options = "--disk disk.img",
		.drive = drive_growth,
	}, {
		.name = "blk, read-only",
		.guest = "queue_enabled_late",
		.options = "--disk disk.img,readonly",
		.after = drive_check_disk,
	}, {
		.name = "net",
		.guest = "net", .options = "--net user", .lines = BROKEN,
	}, {
		.name = "net by tap", .tap = true,
		.guest = "net", .options = "--net tap=" TRIAL_TAP,
		.lines = BROKEN,
	}, {
		.name = "net with merged buffers",
		.guest = "net_merge", .options = "--net user", .lines = BROKEN,
	}, {
		.name = "net with large packets", .tap = true,
		.guest = "net_large", .options = "--net tap=" TRIAL_TAP,
		.drive = drive_large_packets,
	}, {
		.name = "rng",
		.guest = "rng", .lines = BROKEN,
	}, {
		.name = "balloon",
		.guest = "balloon", .options = "--free-page-reporting on",
		.lines = BROKEN,
	}, {
		.name = "console",
		.guest = "console",
		.options = "--console virtio --serial stdio", .lines = BROKEN,
	}, {
		.name = "serial",
		.guest = "serial",
	}, {
		.name = "ports",
		.guest = "ports", .options = ALL_DEVICES, .lines = BROKEN,
	}, {
		.name = "mmio",
		.guest = "mmio", .lines = BROKEN,
	}, {
		.name = "pci",
		.guest = "pci", .options = "--disk disk.img", .lines = BROKEN,
	}, {
		.name = "ioapic",
		.guest = "ioapic",
	}, {
		.name = "power",
		.guest = "power",
	}, {
		.name = "clocks",
		.guest = "clocks",
	}, {
		.name = "clocks, dilated",
		.guest = "clocks", .options = "--time-dilation 2",
	}, {
		.name = "panic",
		.guest = "panics", .code = 3,
		.sentence = "The guest's kernel has panicked.",
	}, {
		.name = "triple fault",
		.guest = "triple_fault", .code = 5,
		.sentence = "has shut down after a triple fault.",
	}, {
		.name = "triple faults in a loop",
		.guest = "triple_fault", .reboots = true,
		.code = HANGUP, .sentence = "Ended by Hangup.",
		.lines = LOOP, .drive = drive_reset_loop,
	}, {
		.name = "resets",
		.guest = "resets", .options = "--disk disk.img",
		.reboots = true, .lines = 7,
	}, {
		.name = "reset that ends it",
		.guest = "resets", .options = "--disk disk.img",
		.sentence = "The guest has reset itself.",
	}, {
		.name = "fw_cfg, flash and debug port", .firmware = true,
		.guest = "firmware", .options = ",vars=vars.fd",
	}, {
		.name = "fw_cfg, flash and debug port, verbose", .firmware = true,
		.guest = "firmware", .options = ",vars=vars.fd -v",
		.lines = 3000,
	}, {
		.name = "cluster: two nodes", .nodes = 2,
		.guest = "cluster_hello",
	}, {
		.name = "cluster: accesses across pages", .nodes = 2,
		.guest = "cluster_cross",
	}, {
		.name = "cluster: balloon reset by another node", .nodes = 2,
		.guest = "cluster_balloon_reset",
		.options = "--free-page-reporting on",
	}, {
		.name = "cluster: moved BAR", .nodes = 3,
		.guest = "cluster_bar_moved",
		.options = "--disk disk.img,node=1",
	}, {
		.name = "cluster: posted writes to a stopped node", .nodes = 2,
		.guest = "cluster_posted", .drive = drive_stopped_node,
	}, {
		.name = "cluster: triple fault", .nodes = 2,
		.guest = "triple_fault", .code = 5,
		.sentence = "has shut down after a triple fault.",
	}, {
		.name = "cluster: triple fault of another node", .nodes = 2,
		.guest = "cluster_triple_fault", .code = 5,
		.sentence = "CPU 1 of the guest has shut down after a triple fault.",
	}, {
		.name = "cluster: triple faults in a loop", .nodes = 2,
		.guest = "cluster_triple_fault", .reboots = true,
		.code = HANGUP, .sentence = "Ended by Hangup.",
		.lines = CLUSTER_LOOP, .drive = drive_reset_loop,
	}, {
		.name = "cluster: pauses", .nodes = 2, .control = true,
		.guest = "cluster_pause", .drive = drive_pauses, .lines = 16,
	}, {
		.name = "cluster: panic", .nodes = 2,
		.guest = "panics", .code = 3,
		.sentence = "The guest's kernel has panicked.",
	},
	{ 0 },
};
