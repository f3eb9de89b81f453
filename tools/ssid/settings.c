// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line of ssid.
 */
#include "settings.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/number.h"
#include "say.h"

static const char usage[] =
"Usage: ssid [OPTIONS]\n"
"Starts and watches the nodes of a guest on this host, for ssictl and for ssid of\n"
"the other hosts.\n"
"\n"
"  --socket PATH       unix socket for this host's users (" SSID_SOCKET ")\n"
"  --state DIR         folder of the running guest's state (/run/ssi)\n"
"  --port PORT         TCP port, of all hosts (7472)\n"
"  --web PORT          also listen at 127.0.0.1, for browsers that have the token\n"
"                      in DIR/web.token; they may look, and change nothing\n"
"  --ca FILE           certificate of the authority (/etc/ssi/ca.pem)\n"
"  --certificate FILE  this host's certificate (/etc/ssi/cert.pem)\n"
"  --key FILE          its private key (/etc/ssi/key.pem)\n"
"  --crl FILE          revoked certificates (/etc/ssi/crl.pem, if it is there)\n"
"  --admin NAME        name in the certificate of a remote administrator; may be\n"
"                      given several times\n"
"  --vmm FILE          ssi-vmm (found in the PATH)\n"
"  --unit NAME         start node N by the systemd unit NAMEN.service, which runs\n"
"                      \"ssid --watch STATE N VMM\"\n"
"  --module FILE       the kernel module (found by modprobe)\n"
"  -h, --help          print this text\n";

struct settings settings = {
	.state = "/run/ssi",
	.socket = SSID_SOCKET,
	.ca = "/etc/ssi/ca.pem",
	.certificate = "/etc/ssi/cert.pem",
	.key = "/etc/ssi/key.pem",
	.port = SSID_PORT,
	.vmm = "ssi-vmm",
};

static void add_admin(const char *name)
{
	int i = 0;

	while (settings.admins[i])
		i++;
	if (i == SETTINGS_MAX_ADMINS)
		say_and_end("The administrator %s is one too many; there can be %d.",
			    name, SETTINGS_MAX_ADMINS);
	settings.admins[i] = name;
}

static uint16_t read_port(const char *text)
{
	uint64_t value;

	if (!number_parse(text, UINT16_MAX, &value) || !value)
		say_and_end("The port \"%s\" is not a number from 1 to 65535.",
			    text);
	return value;
}

/* ssi-vmm is started in another folder; a name without a slash is found in the PATH. */
static const char *whole_path(const char *path)
{
	char *whole = strchr(path, '/') ? realpath(path, NULL) : NULL;

	return whole ? whole : path;
}

static void take(int option)
{
	switch (option) {
	case 's':
		settings.socket = optarg;
		break;
	case 'd':
		settings.state = optarg;
		break;
	case 'p':
		settings.port = read_port(optarg);
		break;
	case 'w':
		settings.web = read_port(optarg);
		break;
	case 'a':
		settings.ca = optarg;
		break;
	case 'c':
		settings.certificate = optarg;
		break;
	case 'k':
		settings.key = optarg;
		break;
	case 'r':
		settings.crl = optarg;
		break;
	case 'n':
		add_admin(optarg);
		break;
	case 'v':
		settings.vmm = whole_path(optarg);
		break;
	case 'u':
		settings.unit = optarg;
		break;
	case 'm':
		settings.module = optarg;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		exit(EXIT_FAILURE);
	}
}

void settings_parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "state", required_argument, NULL, 'd' },
		{ "port", required_argument, NULL, 'p' },
		{ "web", required_argument, NULL, 'w' },
		{ "ca", required_argument, NULL, 'a' },
		{ "certificate", required_argument, NULL, 'c' },
		{ "key", required_argument, NULL, 'k' },
		{ "crl", required_argument, NULL, 'r' },
		{ "admin", required_argument, NULL, 'n' },
		{ "vmm", required_argument, NULL, 'v' },
		{ "unit", required_argument, NULL, 'u' },
		{ "module", required_argument, NULL, 'm' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", longs, NULL)) != -1)
		take(option);
	if (optind < argc)
		say_and_end("The argument \"%s\" is not expected; try ssid --help.",
			    argv[optind]);
}
