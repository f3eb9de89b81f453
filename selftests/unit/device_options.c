// SPDX-License-Identifier: GPL-2.0-or-later
/* Network cards as the user describes them: vmm/device_options.c. */
#include "../../vmm/device_options.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../vmm/log.h"
#include "tap.h"

static bool differs(const struct device_options *devices, unsigned int card,
		    unsigned int other)
{
	uint8_t mac[DEVICE_MAC_SIZE], other_mac[DEVICE_MAC_SIZE];

	device_get_mac(devices, card, "guest", mac);
	device_get_mac(devices, other, "guest", other_mac);
	return memcmp(mac, other_mac, sizeof(mac));
}

static void test_own_addresses(void)
{
	uint8_t mac[DEVICE_MAC_SIZE], again[DEVICE_MAC_SIZE];
	struct device_options devices = { 0 };
	bool all_differ = true;

	for (unsigned int i = 0; i < DEVICE_MAX_NETS; i++)
		device_parse_net(&devices, i % 2 ? "user" : "tap=tap0");
	for (unsigned int i = 0; i < DEVICE_MAX_NETS; i++)
		for (unsigned int j = 0; j < i; j++)
			all_differ &= differs(&devices, i, j);
	tap_ok(all_differ, "each card has an address of its own");
	device_get_mac(&devices, 1, "guest", mac);
	device_get_mac(&devices, 1, "guest", again);
	tap_ok(!memcmp(mac, again, sizeof(mac)) && (mac[0] & 3) == 2,
	       "which stays, and is a local one");
	device_get_mac(&devices, 1, "another", again);
	tap_ok(memcmp(mac, again, sizeof(mac)), "another guest has another");
}

static void test_given_address(void)
{
	static const uint8_t given[] = { 0x52, 0x54, 0x00, 0xab, 0xCD, 0x01 };
	struct device_options devices = { 0 };
	uint8_t mac[DEVICE_MAC_SIZE];

	device_parse_net(&devices, "user,mac=52:54:00:ab:CD:01,node=0");
	device_parse_net(&devices, "tap=tap0,mac=52:54:00:ab:CD:02");
	device_check(&devices, 1);
	device_get_mac(&devices, 0, NULL, mac);
	tap_ok(!memcmp(mac, given, sizeof(mac)), "a given address is taken");
	tap_ok(differs(&devices, 0, 1), "so is a tap's");
}

/* The exit code of a process that takes two cards with these addresses. */
static int try_addresses(const char *first, const char *second)
{
	struct device_options devices = { 0 };
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (device_set_net(device_add_net(&devices), "mac", first) ||
		    device_set_net(device_add_net(&devices), "mac", second))
			_exit(EXIT_USAGE);
		device_check(&devices, 1);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_refused_addresses(void)
{
	static const char *const bad[] = {
		"", "52", "52:54:00:12:34", "52:54:00:12:34:5",
		"52:54:00:12:34:56:", "52:54:00:12:34:567", "52-54-00-12-34-56",
		"52:54:00:12:34:5g", " 2:54:00:12:34:56", "+2:54:00:12:34:56",
		"53:54:00:12:34:56", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff",
	};
	const char *good = "52:54:00:12:34:56";
	bool refused = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		refused &= try_addresses(bad[i], good) == EXIT_USAGE;
	tap_ok(refused, "what is no address of one card is refused");
	tap_ok(try_addresses(good, good) == EXIT_USAGE, "so are twins");
	tap_ok(!try_addresses(good, "52:54:00:12:34:57"), "siblings are not");
}

/* Does a card or a disk take these words of the user? */
static bool net_takes(const char *kind, const char *key, const char *value)
{
	struct net_options net = { .tap = strcmp(kind, "tap") ? NULL : "tap0" };

	return !device_set_net(&net, key, value);
}

static void test_words(void)
{
	static const char *const bad[] = {
		"", "575", "65522", "1500x", "-1", "0x", "1.5k",
	};
	struct device_options devices = { 0 };
	bool refused = true;

	device_parse_net(&devices, "user,restrict,mtu=1280");
	device_parse_net(&devices, "user,restrict=off");
	tap_ok(devices.nets[0].restricted && devices.nets[0].mtu == 1280 &&
	       !devices.nets[1].restricted && !devices.nets[1].mtu,
	       "restrict and mtu are taken");
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		refused &= !net_takes("user", "mtu", bad[i]);
	tap_ok(refused && net_takes("tap", "mtu", "9000"),
	       "an MTU is a number of bytes");
	tap_ok(!net_takes("tap", "restrict", "on") &&
	       !net_takes("tap", "hostfwd", "tcp::1-:2") &&
	       !net_takes("user", "restrict", "maybe"),
	       "restrict and hostfwd are for user networks");
	tap_ok(device_set_net(&devices.nets[0], "speed", "1") == device_no_key,
	       "another key is not known");
}

int main(void)
{
	tap_plan(12);
	test_own_addresses();
	test_given_address();
	test_refused_addresses();
	test_words();
	fflush(stdout);
	/* What the options point to stays: nothing looks for leaks. */
	_exit(tap_exit());
}
