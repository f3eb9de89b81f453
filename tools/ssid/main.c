// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssid: starts and watches the nodes of a guest on this host.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../describe.h"
#include "watcher.h"
#include "guest_events.h"
#include "observer.h"
#include "placement.h"
#include "plan.h"
#include "say.h"
#include "server.h"
#include "settings.h"

static void make_state_folder(void)
{
	if (mkdir(settings.state, 0755) && errno != EEXIST)
		say_and_end("The folder %s cannot be made: %s.",
			    settings.state, strerror(errno));
}

/* Before there are threads: they inherit it. */
static void block_signals(sigset_t *ends)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(ends);
	sigaddset(ends, SIGTERM);
	sigaddset(ends, SIGINT);
	sigprocmask(SIG_BLOCK, ends, NULL);
}

int main(int argc, char **argv)
{
	sigset_t ends;
	int sig;

	/* ssid runs itself for these two */
	if (argc == 3 && !strcmp(argv[1], "--describe"))
		describe_main(argv[2]);
	if (argc == 5 && !strcmp(argv[1], WATCHER_OPTION))
		return watcher_main(argv[2], argv[3], argv[4]);
	settings_parse(argc, argv);
	block_signals(&ends);
	make_state_folder();
	plan_init();
	server_start();
	observer_start();
	guest_events_start();
	placement_start();
	say("Ready.");
	sigwait(&ends, &sig);
	say("Ended by %s; a running guest goes on.", strsignal(sig));
	server_stop();
	return 0;
}
