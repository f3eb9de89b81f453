/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of ssid.
 */
#ifndef SSID_SETTINGS_H
#define SSID_SETTINGS_H

#include <stdint.h>

#define SSID_PORT	7472	/* of TCP, between hosts */
#define SSID_SOCKET	"/run/ssi/ssid.sock"
#define SETTINGS_MAX_ADMINS	8
#define SETTINGS_CRL	"/etc/ssi/crl.pem"

/**
 * struct settings - the command line
 * @state: folder of what is known about the running guest
 * @socket: path of the unix socket
 * @ca: PEM file of the authority that signs the hosts' certificates
 * @certificate: PEM file of this host's certificate
 * @key: PEM file of its private key
 * @crl: PEM file of revoked certificates; NULL: SETTINGS_CRL if it is there
 * @port: TCP port, of this host and of the others
 * @web: TCP port of the listener at 127.0.0.1 for browsers; 0: there is none
 * @admins: names in the certificates of remote administrators; ends with NULL
 * @vmm: path of ssi-vmm
 * @unit: beginning of the name of the systemd unit of a node, which its id follows;
 *	NULL: without systemd
 * @module: file of the kernel module; NULL: modprobe finds it
 */
struct settings {
	const char *state;
	const char *socket;
	const char *ca;
	const char *certificate;
	const char *key;
	const char *crl;
	uint16_t port;
	uint16_t web;
	const char *admins[SETTINGS_MAX_ADMINS + 1];
	const char *vmm;
	const char *unit;
	const char *module;
};

extern struct settings settings;

/* Parse the command line into settings; ends the process with an error. */
void settings_parse(int argc, char **argv);

#endif /* SSID_SETTINGS_H */
