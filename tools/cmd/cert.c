// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl cert: an authority, and certificates of hosts.
 */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../authority.h"
#include "../output.h"
#include "../ssictl.h"

#define PATH_LEN	512

static const char usage[] =
	"Usage: ssictl cert init DIR NAME...\n"
	"\n"
	"Makes a certificate for each NAME, in DIR/NAME: ca.pem, cert.pem and key.pem, for\n"
	"/etc/ssi of that host. NAME is the name of the host's node in the cluster's file,\n"
	"or of an administrator (ssid --admin). The authority that signs them is DIR/ca.pem\n"
	"and DIR/ca.key; it is made if it is not there. Keep ca.key where no host is.\n";

static int check_name(const char *name)
{
	size_t i;

	for (i = 0; isalnum((unsigned char)name[i]) ||
	     (i && name[i] && strchr(".-", name[i])); i++)
		;
	if (i && !name[i] && i <= 200 && !strstr(name, ".."))
		return 0;
	error("\"%s\" is not a DNS name: letters, digits, hyphens, dots", name);
	return -1;
}

static int make_folder(const char *path, mode_t mode)
{
	if (!mkdir(path, mode))
		return 0;
	error("the folder %s cannot be made: %s", path, strerror(errno));
	return -1;
}

static int make_host(struct authority *authority, const char *folder,
		     const char *name)
{
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (make_folder(path, 0700) || authority_certify(authority, path, name))
		return -1;
	output_begin_object(NULL);
	output_string("name", "%s: ", name);
	output_string("folder", "%s, for /etc/ssi of that host\n", path);
	output_end();
	return 0;
}

static int init(int argc, char **argv)
{
	struct authority authority;
	int ret = 0;

	if (argc < 2) {
		error("\"cert init\" needs a folder and at least one name");
		return EXIT_SYNTAX;
	}
	for (int i = 1; i < argc; i++)
		if (check_name(argv[i]))
			return EXIT_SYNTAX;
	if (access(argv[0], F_OK) && make_folder(argv[0], 0700))
		return EXIT_KERNEL;
	if (authority_open(&authority, argv[0]))
		return EXIT_KERNEL;
	output_begin_array(NULL);
	for (int i = 1; i < argc && !ret; i++)
		ret = make_host(&authority, argv[0], argv[i]);
	output_end();
	output_flush();
	authority_close(&authority);
	return ret ? EXIT_KERNEL : 0;
}

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs(usage, stdout);
	return 0;
}

static const struct command commands[] = {
	{ "help", help },
	{ "init", init },
	{ }
};

const struct object object_cert = { "cert", usage, commands, NULL, NULL };
