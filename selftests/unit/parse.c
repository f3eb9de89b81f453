// SPDX-License-Identifier: GPL-2.0-or-later
/* What users write for all programs: numbers, addresses, names; lib/. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "../../lib/address.h"
#include "../../lib/name.h"
#include "../../lib/number.h"
#include "tap.h"

static const struct {
	const char *text;
	bool good;
	uint64_t value;
} numbers[] = {
	{ "0", true, 0 },
	{ "8", true, 8 },
	{ "0x10", true, 16 },
	{ "1000", true, 1000 },
	{ "1001", false, 0 },	/* the most is 1000 */
	{ "010", false, 0 },
	{ "00", false, 0 },
	{ "1.5", false, 0 },
	{ "-1", false, 0 },
	{ "+1", false, 0 },
	{ " 1", false, 0 },
	{ "1 ", false, 0 },
	{ "0x", false, 0 },
	{ "0b1", false, 0 },
	{ "1e3", false, 0 },
	{ "", false, 0 },
	{ "~", false, 0 },
	{ "99999999999999999999", false, 0 },
};

/* What getnameinfo() says of the address; NULL: it is refused. */
static const struct {
	const char *text;
	const char *host;
	uint16_t port;
} addresses[] = {
	{ "10.77.0.1", "10.77.0.1", 7471 },
	{ "10.77.0.1:1", "10.77.0.1", 1 },
	{ "10.77.0.1:65535", "10.77.0.1", 65535 },
	{ "fd00::1", "fd00::1", 7471 },
	{ "fd00::1:2", "fd00::1:2", 7471 },
	{ "[fd00::1]", "fd00::1", 7471 },
	{ "[fd00::1]:8000", "fd00::1", 8000 },
	{ "::ffff:10.77.0.1", "::ffff:10.77.0.1", 7471 },
	{ "10.77.0.1:70000", NULL, 0 },
	{ "10.77.0.1:", NULL, 0 },
	{ "10.77.0.1:0", NULL, 0 },
	{ "10.77.0.1:7471x", NULL, 0 },
	{ "10.77.0.1x", NULL, 0 },
	{ "10.77.0.1:-1", NULL, 0 },
	{ "10.77.0.1 ", NULL, 0 },
	{ "10.77.1", NULL, 0 },
	{ "010.77.0.1", NULL, 0 },
	{ "0xa.77.0.1", NULL, 0 },
	{ "[10.77.0.1]:1", NULL, 0 },
	{ "[fd00::1]x", NULL, 0 },
	{ "[fd00::1]:", NULL, 0 },
	{ "[fd00::1", NULL, 0 },
	{ "fd00::1]", NULL, 0 },
	{ "host:7471", NULL, 0 },
	{ ":7471", NULL, 0 },
	{ "", NULL, 0 },
};

static const struct {
	const char *name;
	const char *why;	/* NULL: it may be one */
	const char *printed;
} names[] = {
	{ "demo", NULL, "demo" },
	{ "my cluster, \"2\"", NULL, "my cluster, \"2\"" },
	{ "\xc3\xa9t\xc3\xa9 \xf0\x9f\x90\xa7", NULL,
	  "\xc3\xa9t\xc3\xa9 \xf0\x9f\x90\xa7" },
	{ "0123456789012345678901234567890", NULL,
	  "0123456789012345678901234567890" },
	{ "01234567890123456789012345678901", "has more than 31 bytes",
	  "01234567890123456789012345678901" },
	{ "", "is empty", "" },
	{ "a\377b", "is not UTF-8", "a\357\277\275b" },
	{ "\xc3", "is not UTF-8", "\xef\xbf\xbd" },
	{ "\xe2\x82", "is not UTF-8", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xc0\x80", "is not UTF-8", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xe0\x80\x80", "is not UTF-8",
	  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xed\xa0\x80", "is not UTF-8",
	  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xf4\x90\x80\x80", "is not UTF-8",
	  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "a\nb", "has a control character", "a\357\277\275b" },
	{ "\x1b[31m", "has a control character", "\xef\xbf\xbd[31m" },
	{ "\302\23331m", "has a control character", "\357\277\27531m" },
};

static void test_numbers(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uint64_t value = 0;
		bool good = number_parse(numbers[i].text, 1000, &value);

		tap_ok(good == numbers[i].good &&
		       (!good || value == numbers[i].value),
		       "number \"%s\" is %s", numbers[i].text,
		       numbers[i].good ? "taken" : "refused");
	}
}

static bool is_address(const char *text, const char *host, uint16_t port)
{
	struct sockaddr_storage addr;
	char found[NI_MAXHOST], service[NI_MAXSERV];
	socklen_t len;
	const char *why = address_parse(text, &addr, &len);

	if (why)
		return !host;
	return host &&
	       !getnameinfo((struct sockaddr *)&addr, len, found, sizeof(found),
			    service, sizeof(service),
			    NI_NUMERICHOST | NI_NUMERICSERV) &&
	       !strcmp(found, host) && atoi(service) == port;
}

static void test_addresses(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		tap_ok(is_address(addresses[i].text, addresses[i].host,
				  addresses[i].port),
		       "address \"%s\" is %s", addresses[i].text,
		       addresses[i].host ? "taken" : "refused");
}

static void test_names(void)
{
	char printed[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *why = name_check(names[i].name);

		name_print(names[i].name, printed, sizeof(printed));
		tap_ok(why ? names[i].why && !strcmp(why, names[i].why) :
			     !names[i].why, "name %zu: %s", i,
		       names[i].why ? names[i].why : "is taken");
		tap_ok(!strcmp(printed, names[i].printed),
		       "name %zu is printed as \"%s\"", i, printed);
	}
	name_print("ab\377c", printed, 5);
	tap_ok(!strcmp(printed, "ab"), "a character is printed as a whole");
}

int main(void)
{
	tap_plan(ARRAY_SIZE(numbers) + ARRAY_SIZE(addresses) +
		 2 * ARRAY_SIZE(names) + 1);
	test_numbers();
	test_addresses();
	test_names();
	return tap_exit();
}
