// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keeper: the process that keeps the rights, and starts the guest's process.
 *
 * DOC: Theory of operation
 *
 * The user starts the keeper. It reads the options and forks the guest's process,
 * which opens all files and devices of the guest, runs the guest, and ends with the
 * exit code. The keeper never sees data of the guest. It has one thread, so that it
 * can fork at any time. It does three things:
 *
 * - It waits for signals and hands them to the guest's process as orders. Signals
 *   that ask for the end are blocked there: a terminal sends them to both. Until the
 *   guest's process is ready for orders, the keeper ends it itself. It also ends it
 *   if it is still there some seconds after it had to end.
 * - It answers the requests of the guest's process (keeper_msg.h): it creates the
 *   node in the module and tells the states of links. It checks them as input of
 *   an attacker: one that is not valid ends the guest's process.
 * - When the guest resets itself, it starts another guest's process. So the next
 *   start of a guest is like the first, whatever state it had. All files are read
 *   again.
 *
 * The module deletes the node when the keeper closes its connection: after the
 * guest's process has ended, and before the next one begins.
 *
 * With tls a third process makes the connections (connector.c). It has the private
 * key, which must be neither in the guest's process nor in the keeper that forks it.
 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"
#include "checkpoint_job.h"
#include "connector.h"
#include "control.h"
#include "deadline.h"
#include "dsm_config.h"
#include "forward.h"
#include "keeper_msg.h"
#include "life.h"
#include "log.h"
#include "output.h"
#include "resets.h"
#include "sandbox.h"
#include "serial_to.h"
#include "tty.h"

/* Names of the processes for the kernel and ps; at most 15 characters. */
#define GUEST_NAME	"ssi-guest"
#define CONNECTOR_NAME	"ssi-connector"

/* Longer than the guest's process itself gives its threads (stop.c). */
#define GRACE_MS	7000

/* Requests that are read after the end of the guest's process: a socket has no more. */
#define LAST_REQUESTS	1024

static struct {
	struct options options;
	struct resets_history history;
	pid_t self;
	sigset_t signals;	/* those that the keeper takes */
	int signals_fd;
	pid_t guest;
	bool has_ended;		/* the guest's process */
	int status;		/* of waitpid() then */
	int requests[2];	/* sockets: the keeper's end, and the guest's */
	int orders[2];
	bool joined;		/* the node is in the module */
	bool ready;		/* the guest's process takes orders */
	unsigned int asked;	/* how urgently signals have asked for the end */
	int must_end;		/* by this signal, at @until if not earlier; or 0 */
	struct timespec until;
	pid_t connector;	/* 0: there is none */
} keeper = { .signals_fd = -1 };

/* How the keeper ended the guest's process itself; each is said once, at its end. */
static struct {
	int sig;		/* by a signal to the keeper */
	const char *why;	/* or for this reason */
} keeper_killed;

/* ---- the end of the guest's process ---- */

static void kill_guest(void)
{
	if (!keeper.has_ended)
		kill(keeper.guest, SIGKILL);
}

static void kill_guest_because(const char *why)
{
	if (!keeper_killed.sig && !keeper_killed.why)
		keeper_killed.why = why;
	kill_guest();
}

static void kill_guest_by(int sig)
{
	if (!keeper_killed.sig && !keeper_killed.why)
		keeper_killed.sig = sig;
	kill_guest();
}

/* ---- requests of the guest's process ---- */

static void become_connector(int ready_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, CONNECTOR_NAME);
	if (getppid() != keeper.self)
		_exit(EXIT_HOST);
	dsm_config_close();	/* the keeper's connection stays */
	control_close();
	serial_to_close();
	close(keeper.requests[0]);
	close(keeper.requests[1]);
	close(keeper.orders[0]);
	close(keeper.orders[1]);
	sandbox_connector(&keeper.options);
	if (!output_start())
		die(EXIT_HOST, "The host gives no thread for the output.");
	connector_start(&keeper.options);
	if (write(ready_fd, "", 1) != 1)
		_exit(EXIT_HOST);
	for (;;)
		pause();
}

/* It must listen before the module asks for connections. */
static void start_connector(void)
{
	int ready[2], status;
	char byte;

	if (pipe2(ready, O_CLOEXEC))
		die(EXIT_HOST, "The host gives no pipe: %s.", strerror(errno));
	keeper.connector = fork();
	if (keeper.connector < 0)
		die(EXIT_HOST, "The host gives no process for connections to other nodes: %s.",
		    strerror(errno));
	if (!keeper.connector)
		become_connector(ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1) {
		/* It has said why. */
		waitpid(keeper.connector, &status, 0);
		kill_guest();
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_HOST);
	}
	close(ready[0]);
}

static void join(void)
{
	keeper.joined = true;
	dsm_config_open(&keeper.options);
	if (keeper.options.tls)
		start_connector();
	dsm_config_create();
}

static void end_connector(void)
{
	if (!keeper.connector)
		return;
	kill(keeper.connector, SIGKILL);
	waitpid(keeper.connector, NULL, 0);
	keeper.connector = 0;
}

/* The module deletes the node, for which nothing may ask for connections. */
static void leave(void)
{
	end_connector();
	if (keeper.joined)
		dsm_config_close();
	keeper.joined = false;
}

static bool is_peer(uint32_t node)
{
	return node < keeper.options.num_nodes && node != keeper.options.self;
}

static int end_checkpoint(const struct ask *ask)
{
	char why[ANSWER_TEXT_MAX];

	snprintf(why, sizeof(why), "%.*s", (int)sizeof(ask->text), ask->text);
	return checkpoint_job_end(ask->complete, why);
}

/* Return: whether the request is valid. */
static bool answer_request(const struct ask *ask)
{
	struct answer answer = { 0 };

	if (ask->type == ASK_JOIN) {
		if (keeper.joined || keeper.ready ||
		    keeper.options.num_nodes == 1)
			return false;
		join();
	} else if (ask->type == ASK_LEAVE) {
		if (!keeper.joined)
			return false;
		leave();
	} else if (ask->type == ASK_CHECKPOINT) {
		if (!checkpoint_folder_is_open())
			return false;
		answer.result = end_checkpoint(ask);
	} else {
		if (!keeper.joined || !is_peer(ask->node))
			return false;
		answer.result = dsm_config_link(ask->node, answer.text,
						sizeof(answer.text));
	}
	/* There is room, unless it does not read; then it waits in vain. */
	send(keeper.requests[0], &answer, sizeof(answer),
	     MSG_DONTWAIT | MSG_NOSIGNAL);
	return true;
}

/* Return: whether the request is valid. */
static bool take_request(const struct ask *ask)
{
	switch (ask->type) {
	case ASK_JOIN:
	case ASK_LEAVE:
	case ASK_LINK:
	case ASK_CHECKPOINT:
		return !keeper.has_ended && answer_request(ask);
	case ASK_READY:
		if (keeper.ready)
			return false;
		keeper.ready = true;
		return true;
	case ASK_LIFE:
		if (!keeper.ready)
			return false;
		life_set(ask->paused);
		return true;
	case ASK_MOVED:
		if (!keeper.ready || ask->node >= keeper.options.num_nodes ||
		    ask->from >= keeper.options.num_nodes ||
		    ask->cpu >= OPTIONS_MAX_CPUS)
			return false;
		life_moved(ask->cpu, ask->from, ask->node, ask->ns);
		return true;
	case ASK_MOVE_RESULT:
		if (!keeper.ready || ask->result >= MOVE_RESULTS)
			return false;
		life_move_result(ask->cpu, ask->node, ask->result, ask->ns);
		return true;
	case ASK_RESETS:
		keeper.history = (struct resets_history) {
			.quick = ask->quick, .told_s = ask->told_s,
		};
		return true;
	default:
		return false;
	}
}

/* Return: whether there was a request. */
static bool receive_request(void)
{
	struct ask ask;
	ssize_t len = recv(keeper.requests[0], &ask, sizeof(ask),
			   MSG_DONTWAIT | MSG_TRUNC);

	if (len < 0)
		return false;
	if (len != sizeof(ask) || !take_request(&ask))
		kill_guest_because("The guest's process has sent a request that it may not send, and was ended.");
	return true;
}

/* ---- signals ---- */

static void send_order(int sig)
{
	const struct order order = { .type = ORDER_SIGNAL, .signal = sig };

	/* It may be stuck, and have no room for more: it has GRACE_MS then. */
	send(keeper.orders[0], &order, sizeof(order),
	     MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The first SIGINT or SIGTERM may only press the guest's power button. */
static void end_guest(int sig)
{
	if (!keeper.ready) {
		kill_guest_by(sig);
		return;
	}
	send_order(sig);
	keeper.asked += sig == SIGHUP ? 2 : 1;
	if (keeper.asked < 2 || keeper.must_end)
		return;
	keeper.must_end = sig;
	keeper.until = deadline_in(GRACE_MS);
}

/* ---- what other programs ask for ---- */

static bool give(const struct order *order)
{
	return life_runs() &&
	       send(keeper.orders[0], order, sizeof(*order),
		    MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*order);
}

static bool give_order(enum order_type type)
{
	return give(&(const struct order) { .type = type });
}

static bool give_move(uint32_t cpu, uint32_t node)
{
	return give(&(const struct order) {
		.type = ORDER_MOVE, .cpu = cpu, .node = node,
	});
}

static void quit(void)
{
	end_guest(SIGHUP);
}

static bool begin_checkpoint(const char *path, char why[FOLDER_WHY_MAX])
{
	if (!life_runs()) {
		snprintf(why, FOLDER_WHY_MAX, "The guest does not run yet.");
		return false;
	}
	return checkpoint_job_begin(path, keeper.options.self,
				    keeper.orders[0], why);
}

static const struct control_ops keeper_control_ops = {
	life_print_state, life_print_statistics, checkpoint_job_print,
	give_order, begin_checkpoint, give_move, quit,
};

static void reap(void)
{
	int status;

	if (!keeper.has_ended &&
	    waitpid(keeper.guest, &keeper.status, WNOHANG) == keeper.guest)
		keeper.has_ended = true;
	if (keeper.connector &&
	    waitpid(keeper.connector, &status, WNOHANG) == keeper.connector) {
		keeper.connector = 0;
		kill_guest_because("The process that makes connections to other nodes has ended, and so does the guest.");
	}
}

static void receive_signal(void)
{
	struct signalfd_siginfo info;

	if (read(keeper.signals_fd, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGCHLD:
		reap();
		break;
	case SIGCONT:
		tty_remember();
		if (!keeper.has_ended)
			kill(keeper.guest, SIGCONT);
		if (keeper.ready)
			send_order(SIGCONT);
		break;
	default:
		end_guest(info.ssi_signo);
	}
}

/* nohup has SIGHUP ignored, and a shell without job control SIGINT. */
static void add_unless_ignored(int sig)
{
	struct sigaction action;

	if (!sigaction(sig, NULL, &action) && action.sa_handler != SIG_IGN)
		sigaddset(&keeper.signals, sig);
}

/*
 * The other processes keep them blocked. SIGTTIN and SIGTTOU would stop a process
 * in the background; with them blocked, its reads of the terminal fail.
 */
static void block_signals(void)
{
	sigset_t blocked;

	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&keeper.signals);
	sigaddset(&keeper.signals, SIGTERM);
	sigaddset(&keeper.signals, SIGCONT);
	sigaddset(&keeper.signals, SIGCHLD);
	add_unless_ignored(SIGINT);
	add_unless_ignored(SIGHUP);
	blocked = keeper.signals;
	sigaddset(&blocked, SIGTTIN);
	sigaddset(&blocked, SIGTTOU);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	keeper.signals_fd = signalfd(-1, &keeper.signals, SFD_CLOEXEC);
	if (keeper.signals_fd < 0)
		die(EXIT_HOST, "The host gives no descriptor for signals: %s.",
		    strerror(errno));
}

/* ---- one process of the guest ---- */

static void make_sockets(void)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		       keeper.requests) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		       keeper.orders))
		die(EXIT_HOST, "The host gives no socket for the guest's process: %s.",
		    strerror(errno));
}

static void close_sockets(void)
{
	for (int i = 0; i < 2; i++) {
		close(keeper.requests[i]);
		close(keeper.orders[i]);
	}
}

static void become_guest(int (*guest)(struct options *options))
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, GUEST_NAME);
	if (getppid() != keeper.self)
		_exit(EXIT_HOST);
	close(keeper.signals_fd);
	close(keeper.requests[0]);
	close(keeper.orders[0]);
	control_close();
	ask_init(keeper.requests[1], keeper.orders[1]);
	/* Threads may be inside of KVM or of a page fault: do not wait for them. */
	_exit(guest(&keeper.options));
}

static void start_guest(int (*guest)(struct options *options))
{
	make_sockets();
	life_begin(keeper.options.history);
	keeper.has_ended = keeper.joined = keeper.ready = false;
	keeper.must_end = 0;
	keeper.asked = 0;
	keeper.guest = fork();
	if (keeper.guest < 0)
		die(EXIT_HOST, "The host gives no process for the guest: %s.",
		    strerror(errno));
	if (!keeper.guest)
		become_guest(guest);
}

static void wait_for_guest(void)
{
	struct pollfd polled[2 + CONTROL_FDS] = {
		{ .fd = keeper.requests[0], .events = POLLIN },
		{ .fd = keeper.signals_fd, .events = POLLIN },
	};
	unsigned int programs;

	while (!keeper.has_ended) {
		int ms = keeper.must_end ? deadline_left_ms(&keeper.until) : -1;

		programs = control_poll(&polled[2]);
		if (poll(polled, 2 + programs, ms) < 0)
			continue;
		if (polled[0].revents)
			receive_request();
		if (polled[1].revents)
			receive_signal();
		control_serve(&polled[2], programs);
		if (keeper.must_end && !deadline_left_ms(&keeper.until)) {
			kill_guest_by(keeper.must_end);
			keeper.must_end = 0;
		}
	}
	for (int i = 0; i < LAST_REQUESTS && receive_request(); i++)
		;
	if (checkpoint_folder_is_open())
		checkpoint_job_end(false, "the guest has ended, or was reset");
}

/* Signals that came too late for a guest's process that has reset itself. */
static int take_unread_signal(void)
{
	struct order order;

	while (recv(keeper.orders[1], &order, sizeof(order), MSG_DONTWAIT) ==
	       sizeof(order))
		if (order.type == ORDER_SIGNAL && order.signal != SIGCONT)
			return order.signal;
	return 0;
}

/*
 * If nothing reads the last sentence, a signal has to end the keeper. Else no signal must
 * hide that sentence.
 */
static void let_signals_end(void)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&out, 1, 0) <= 0)
		sigprocmask(SIG_UNBLOCK, &keeper.signals, NULL);
}

/* Tell other programs, and take the sockets away. Twice is like once. */
static void end_sockets(int code)
{
	life_end(code);
	control_remove();
	serial_to_remove();
}

/* Of a guest's process that has not ended by itself. */
static int code_of_end(int sig)
{
	if (keeper_killed.sig)
		return EXIT_SIGNAL + keeper_killed.sig;
	return keeper_killed.why || sig == SIGSYS ? EXIT_HOST : EXIT_SIGNAL + sig;
}

static void explain_end(int sig)
{
	if (keeper_killed.sig)
		log_info("Ended by %s.", strsignal(keeper_killed.sig));
	else if (keeper_killed.why)
		log_error("%s", keeper_killed.why);
	else if (sig == SIGSYS)
		log_error("The guest's process has made a system call that it may not make, and was ended; the host's kernel log has its number (type=1326). The guest may have broken out of a device, or ssi-vmm has an error.");
	else
		log_error("The guest's process was ended by a signal: %s.",
			  strsignal(sig));
}

/* The node and the connector are gone. Return: the exit code. */
static int end_by_error(void)
{
	int sig = WIFSIGNALED(keeper.status) ? WTERMSIG(keeper.status) : 0;
	int code = code_of_end(sig);

	end_sockets(code);
	let_signals_end();
	explain_end(sig);
	return code;
}

/* Return: the exit code, EXIT_RESTART if the guest has reset itself. */
static int find_code(void)
{
	bool killed = keeper_killed.sig || keeper_killed.why;

	if (!killed && WIFEXITED(keeper.status) &&
	    WEXITSTATUS(keeper.status) == EXIT_RESTART)
		keeper_killed.sig = take_unread_signal();
	if (keeper_killed.sig || killed || WIFSIGNALED(keeper.status)) {
		tty_recover();
		return end_by_error();
	}
	return WEXITSTATUS(keeper.status);
}

static int run_once(int (*guest)(struct options *options))
{
	int code;

	start_guest(guest);
	wait_for_guest();
	leave();
	code = find_code();
	close_sockets();
	return code;
}

int keeper_run(int argc, char **argv, int (*guest)(struct options *options))
{
	int code;

	keeper.self = getpid();
	options_parse(&keeper.options, argc, argv);
	sandbox_keeper(&keeper.options);
	block_signals();
	tty_remember();
	life_init(&keeper.options, &keeper.history);
	if (keeper.options.control)
		control_open(keeper.options.control, &keeper_control_ops);
	if (keeper.options.num_nodes > 1)
		log_set_node(keeper.options.self);
	if (keeper.options.self == FORWARD_DEVICE_NODE)
		serial_to_open(keeper.options.serial);
	while ((code = run_once(guest)) == EXIT_RESTART) {
		options_parse(&keeper.options, argc, argv);
		keeper.options.history = &keeper.history;
	}
	end_sockets(code);
	return code;
}
