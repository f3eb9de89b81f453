// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The HTTP server: a unix socket for this host, TLS for others.
 */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "caller.h"
#include "clients.h"
#include "events.h"
#include "routes.h"
#include "say.h"
#include "settings.h"
#include "tls.h"
#include "web.h"

#define LOCAL_CONNECTIONS	256u
#define WEB_CONNECTIONS		64u
#define TLS_CONNECTIONS		256u
#define TLS_OF_ADDRESS		16u
#define IDLE_S			10
#define HEAD_MAX		32768
#define STACK_SIZE		(512 * 1024)
#define STREAM_BUFFER		4096

/* A body while it comes. */
struct upload {
	char *body;
	size_t len;
	size_t room;
	bool too_large;
};

static struct MHD_Daemon *server_local, *server_tls, *server_web;

/* ---- an answer ---- */

/* An answer that goes on: the library calls this from the connection's thread. */
static ssize_t read_stream(void *of, uint64_t at, char *buffer, size_t max)
{
	struct answer *answer = of;
	ssize_t got = answer->read(answer->of, buffer, max);

	(void)at;
	return got < 0 ? MHD_CONTENT_READER_END_OF_STREAM : got;
}

static void end_stream(void *of)
{
	struct answer *answer = of;

	answer->end(answer->of);
	free(answer);
}

static struct MHD_Response *stream_response(const struct answer *answer)
{
	struct answer *copy = malloc(sizeof(*copy));
	struct MHD_Response *response = NULL;

	if (copy) {
		*copy = *answer;
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
							     STREAM_BUFFER, read_stream, copy, end_stream);
	}
	if (!response) {
		free(copy);
		answer->end(answer->of);
	}
	return response;
}

static struct MHD_Response *text_response(const struct answer *answer)
{
	struct MHD_Response *response;

	response = MHD_create_response_from_buffer(answer->len, answer->text,
						   MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(answer->text);
	return response;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection,
				   struct answer *answer)
{
	struct MHD_Response *response = answer->read ? stream_response(answer) :
						       text_response(answer);
	enum MHD_Result ret;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", answer->type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	if (answer->allow)
		MHD_add_response_header(response, "Allow", answer->allow);
	if (answer->policy)
		MHD_add_response_header(response, "Content-Security-Policy",
					answer->policy);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	ret = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return ret;
}

static enum MHD_Result refuse(struct MHD_Connection *connection,
			      unsigned int status, const char *code,
			      const char *why)
{
	struct answer answer = { 0 };
	struct failure failure;

	rest_fail(&failure, status, code, "%s", why);
	rest_refuse(&answer, &failure);
	return send_answer(connection, &answer);
}

static enum MHD_Result refuse_size(struct MHD_Connection *connection)
{
	return refuse(connection, 413, "body_too_large",
		      "The body of the request is larger than 1 MiB");
}

/* ---- a request ---- */

static const char *find_query(void *of, const char *key)
{
	const char *value = NULL;
	size_t len;

	if (!MHD_lookup_connection_value_n(of, MHD_GET_ARGUMENT_KIND, key,
					   strlen(key), &value, &len))
		return NULL;
	return value ? value : "";
}

static struct client *client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection,
					MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/*
 * A browser shows an administrator's certificate with each request, also with one that
 * a page of somebody else makes. It adds the header "Origin" then.
 */
static bool is_of_other_site(struct MHD_Connection *connection)
{
	const char *host = MHD_lookup_connection_value(connection,
						       MHD_HEADER_KIND, "Host");
	const char *origin = MHD_lookup_connection_value(connection,
							 MHD_HEADER_KIND, "Origin");
	const char *site = origin ? strstr(origin, "://") : NULL;

	return origin && (!site || !host || strcasecmp(site + 3, host));
}

/* Of the loopback listener: return whether the request is refused; @ret is for the library. */
static bool is_refused(struct MHD_Connection *connection, const char *path,
		       enum MHD_Result *ret)
{
	const char *host = MHD_lookup_connection_value(connection,
						       MHD_HEADER_KIND, "Host");
	const char *authorization =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					    "Authorization");

	if (!client_is_web(client_of(connection)))
		return false;
	if (!web_is_loopback(host))
		*ret = refuse(connection, 403, "other_host",
			      "The page is only at 127.0.0.1 and localhost");
	else if (!web_has(path) && !web_is_token(authorization))
		*ret = refuse(connection, 401, "no_token",
			      "The token is missing or wrong; open http://127.0.0.1:PORT/#TOKEN with the token in web.token, in the folder of ssid's state");
	else
		return false;
	return true;
}

static enum MHD_Result answer_request(struct MHD_Connection *connection,
				      const char *path, const char *method,
				      const struct upload *upload)
{
	struct client *client = client_of(connection);
	struct answer answer = { 0 };
	const struct request request = {
		.method = method, .path = path,
		.body = upload->body ? upload->body : "", .len = upload->len,
		.caller = client_caller(client), .query = find_query,
		.of = connection,
	};

	if (!request.caller)
		return refuse(connection, 403, "no_certificate",
			      "The connection has no certificate that is verified");
	if (is_of_other_site(connection))
		return refuse(connection, 403, "other_site",
			      "The request comes from a page of another site");
	client_waits(client, false);
	routes_answer(&request, &answer);
	if (!answer.read)	/* its comments find out whether the client is there */
		client_waits(client, true);
	return send_answer(connection, &answer);
}

/* Before the body, which a client with "Expect: 100-continue" then need not send. */
static bool says_too_large(struct MHD_Connection *connection)
{
	const char *text = MHD_lookup_connection_value(connection,
						       MHD_HEADER_KIND,
						       "Content-Length");

	return text && strtoull(text, NULL, 10) > REST_BODY_MAX;
}

static void take_part(struct upload *upload, const char *data, size_t len)
{
	size_t room = upload->room ? upload->room : 4096;
	char *more;

	while (room < upload->len + len + 1)
		room *= 2;
	more = upload->len + len > REST_BODY_MAX ? NULL :
	       realloc(upload->body, room);
	if (!more) {
		upload->too_large = true;
		return;
	}
	upload->body = more;
	upload->room = room;
	memcpy(more + upload->len, data, len);
	upload->len += len;
	more[upload->len] = '\0';
}

static enum MHD_Result handle(void *unused, struct MHD_Connection *connection,
			      const char *path, const char *method,
			      const char *version, const char *data,
			      size_t *len, void **context)
{
	struct upload *upload = *context;
	enum MHD_Result ret;

	(void)unused;
	(void)version;
	if (!upload) {
		if (says_too_large(connection))
			return refuse_size(connection);
		/* Every user of the host can come here: keep no body of a stranger. */
		if (is_refused(connection, path, &ret))
			return ret;
		*context = calloc(1, sizeof(*upload));
		return *context ? MHD_YES : MHD_NO;
	}
	if (!*len)
		return upload->too_large ? refuse_size(connection) :
		       answer_request(connection, path, method, upload);
	/* Without a length, and endless perhaps. */
	if (upload->too_large)
		return MHD_NO;
	take_part(upload, data, *len);
	*len = 0;
	return MHD_YES;
}

static void completed(void *unused, struct MHD_Connection *connection,
		      void **context, enum MHD_RequestTerminationCode code)
{
	struct upload *upload = *context;

	(void)unused;
	(void)connection;
	(void)code;
	if (upload)
		free(upload->body);
	free(upload);
	*context = NULL;
}

/* ---- a connection ---- */

/* Which listener a connection is of: the cls of connected(). */
static char of_tls, of_web;

static void connected(void *of, struct MHD_Connection *connection,
		      void **context, enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	int fd;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		client_end(*context);
		return;
	}
	info = MHD_get_connection_info(connection,
				       MHD_CONNECTION_INFO_CONNECTION_FD);
	fd = info->connect_fd;
	info = of == &of_tls ? MHD_get_connection_info(connection,
					     MHD_CONNECTION_INFO_GNUTLS_SESSION) :
		     NULL;
	*context = client_begin(fd, info ? info->tls_session : NULL,
				of == &of_web);
}

static void log_nothing(void *unused, const char *fmt, va_list args)
{
	(void)unused;
	(void)fmt;
	(void)args;
}

static struct MHD_OptionItem common_options[] = {
	{ MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)log_nothing, NULL },
	{ MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, NULL },
	{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEAD_MAX, NULL },
	{ MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE, NULL },
	{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)completed, NULL },
	{ MHD_OPTION_END, 0, NULL },
};

#define COMMON_FLAGS	(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | \
			 MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ITC)

/* ---- the unix socket ---- */

static int listen_local(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd;

	if (strlen(settings.socket) >= sizeof(addr.sun_path))
		say_and_end("The path of the socket, %s, is too long.",
			    settings.socket);
	strcpy(addr.sun_path, settings.socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		say_and_end("Another ssid listens at %s.", settings.socket);
	unlink(settings.socket);
	mask = umask(0117);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(fd, SOMAXCONN))
		say_and_end("ssid cannot listen at %s: %s.", settings.socket,
			    strerror(errno));
	umask(mask);
	return fd;
}

static void start_local(void)
{
	server_local = MHD_start_daemon(COMMON_FLAGS, 0, NULL, NULL, handle,
					NULL, MHD_OPTION_ARRAY, common_options,
					MHD_OPTION_NOTIFY_CONNECTION, connected, NULL,
					MHD_OPTION_LISTEN_SOCKET, listen_local(),
					MHD_OPTION_CONNECTION_LIMIT, LOCAL_CONNECTIONS,
					MHD_OPTION_END);
	if (!server_local)
		say_and_end("The server for the socket %s cannot be started.",
			    settings.socket);
}

/* ---- TLS ---- */

static char *read_pem(const char *path)
{
	gnutls_datum_t data;

	if (gnutls_load_file(path, &data))
		say_and_end("The file %s cannot be read.", path);
	return (char *)data.data;
}

/*
 * libmicrohttpd requests certificates only if it has an authority; it gets the
 * one that verifies them.
 */
static void start_tls(void)
{
	char *ca = read_pem(settings.ca), *key = read_pem(settings.key);
	char *certificate = read_pem(settings.certificate);

	server_tls = MHD_start_daemon(COMMON_FLAGS | MHD_USE_TLS |
				      MHD_USE_DUAL_STACK, settings.port,
				      NULL, NULL, handle, NULL, MHD_OPTION_ARRAY, common_options,
				      MHD_OPTION_NOTIFY_CONNECTION, connected, &of_tls,
				      MHD_OPTION_HTTPS_MEM_KEY, key,
				      MHD_OPTION_HTTPS_MEM_CERT, certificate,
				      MHD_OPTION_HTTPS_MEM_TRUST, ca,
				      MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES,
				      MHD_OPTION_CONNECTION_LIMIT, TLS_CONNECTIONS,
				      MHD_OPTION_PER_IP_CONNECTION_LIMIT, TLS_OF_ADDRESS,
				      MHD_OPTION_END);
	explicit_bzero(key, strlen(key));
	gnutls_free(key);
	gnutls_free(certificate);
	gnutls_free(ca);
	if (!server_tls)
		say_and_end("The server for other hosts cannot be started: the port %u is in use, or the key %s is not the one of the certificate %s.",
			    settings.port, settings.key, settings.certificate);
	say("Other hosts can reach ssid at port %u.", settings.port);
}

/* ---- browsers on this host ---- */

static void start_web(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(settings.web),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	web_make_token();
	server_web = MHD_start_daemon(COMMON_FLAGS, settings.web, NULL, NULL,
				      handle, NULL, MHD_OPTION_ARRAY, common_options,
				      MHD_OPTION_NOTIFY_CONNECTION, connected, &of_web,
				      MHD_OPTION_SOCK_ADDR, &addr,
				      MHD_OPTION_CONNECTION_LIMIT, WEB_CONNECTIONS,
				      MHD_OPTION_END);
	if (!server_web)
		say_and_end("The server for browsers cannot be started: the port %u is in use.",
			    settings.web);
}

void server_start(void)
{
	const char *missing = tls_missing();

	clients_init();
	/* first: once the unix socket answers, the token is there */
	if (settings.web)
		start_web();
	start_local();
	if (missing)
		say("Other hosts cannot reach ssid, since it has no certificates: %s. ssictl cert init makes them.",
		    missing);
	else
		start_tls();
}

void server_stop(void)
{
	unlink(settings.socket);
	events_end();
	if (server_tls)
		MHD_stop_daemon(server_tls);
	if (server_web) {
		MHD_stop_daemon(server_web);
		web_forget_token();
	}
	MHD_stop_daemon(server_local);
}
