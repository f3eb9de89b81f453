// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to ssid of another host, over TLS 1.3 with certificates at both ends.
 */
#include "remote.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../lib/certificate.h"
#include "../../lib/http.h"
#include "plan.h"
#include "settings.h"
#include "tls.h"

#define CONNECT_MS	3000
#define DEPTH_MAX	16	/* of JSON */
#define ASK_MS		5000	/* ssictl waits for the answers of all hosts */
#define CALL_MS		30000	/* an end of a node takes up to 15 s */

/**
 * struct call - a connection
 * @fd: the socket, which does not block
 * @session: on top of it
 * @credentials: of this host
 * @name: what the other end's certificate must have
 * @deadline_ms: of the monotonic clock
 * @is_sent: the other end may have seen the request
 * @span: when the request was sent, and its answer came
 * @why: reason of a failure of the handshake
 */
struct call {
	int fd;
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	const char *name;
	int64_t deadline_ms;
	bool is_sent;
	struct remote_span span;
	char why[256];
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- TCP ---- */

static int wait_for(const struct call *call, short events)
{
	struct pollfd polled = { .fd = call->fd, .events = events };
	int64_t left = call->deadline_ms - now_ms();

	return left > 0 && poll(&polled, 1, left) > 0 ? 0 : -1;
}

static int try_connect(struct call *call, const struct addrinfo *info)
{
	int err = 0;
	socklen_t len = sizeof(err);

	call->fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
			  SOCK_NONBLOCK, 0);
	if (call->fd < 0)
		return errno;
	call->deadline_ms = now_ms() + CONNECT_MS;
	if (!connect(call->fd, info->ai_addr, info->ai_addrlen))
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (wait_for(call, POLLOUT))
		err = ETIMEDOUT;
	else
		getsockopt(call->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return err;
}

static int connect_to(struct call *call, const char *address)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *info;
	char port[8];
	int err;

	snprintf(port, sizeof(port), "%u", settings.port);
	if (getaddrinfo(address, port, &hints, &info)) {
		snprintf(call->why, sizeof(call->why), "the address is not one");
		return -1;
	}
	err = try_connect(call, info);
	freeaddrinfo(info);
	if (!err)
		return 0;
	snprintf(call->why, sizeof(call->why), "%s; is ssid running there, with certificates?",
		 strerror(err));
	return -1;
}

/* ---- TLS ---- */

/* The library ends the handshake with an alert if this is not 0. */
static int check_server(gnutls_session_t session)
{
	struct call *call = gnutls_session_get_ptr(session);
	gnutls_x509_crt_t certificate;
	bool has_name;

	if (tls_check_peer(session, GNUTLS_KP_TLS_WWW_SERVER, &certificate,
			   call->why))
		return GNUTLS_E_CERTIFICATE_ERROR;
	has_name = certificate_has_name(certificate, call->name);
	gnutls_x509_crt_deinit(certificate);
	if (has_name)
		return 0;
	snprintf(call->why, sizeof(call->why), "its certificate does not have the name %s",
		 call->name);
	return GNUTLS_E_CERTIFICATE_ERROR;
}

static int explain(struct call *call, int ret)
{
	if (ret == GNUTLS_E_FATAL_ALERT_RECEIVED)
		call->is_sent = false;
	if (call->why[0])
		return -1;
	if (ret == GNUTLS_E_FATAL_ALERT_RECEIVED)
		snprintf(call->why, sizeof(call->why), "it refused this host's certificate (alert: %s)",
			 gnutls_alert_get_name(gnutls_alert_get(call->session)));
	else if (ret == GNUTLS_E_AGAIN)
		snprintf(call->why, sizeof(call->why), "no answer came in time");
	else
		snprintf(call->why, sizeof(call->why), "TLS: %s",
			 gnutls_strerror(ret));
	return -1;
}

/* Return: whether to do it again. */
static bool again(struct call *call, int ret)
{
	if (ret != GNUTLS_E_AGAIN && ret != GNUTLS_E_INTERRUPTED)
		return false;
	return !wait_for(call, gnutls_record_get_direction(call->session) ?
			       POLLOUT : POLLIN);
}

static int load_credentials(struct call *call)
{
	int ret = gnutls_certificate_allocate_credentials(&call->credentials);

	if (!ret)
		ret = gnutls_certificate_set_x509_key_file(call->credentials,
							   settings.certificate,
							   settings.key,
							   GNUTLS_X509_FMT_PEM);
	if (ret >= 0)
		return 0;
	snprintf(call->why, sizeof(call->why), "this host's certificate %s and key cannot be used: %s",
		 settings.certificate, gnutls_strerror(ret));
	return -1;
}

static int begin_tls(struct call *call)
{
	int ret = load_credentials(call);

	if (ret)
		return ret;
	ret = gnutls_init(&call->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK |
			  GNUTLS_NO_SIGNAL | GNUTLS_FORCE_CLIENT_CERT);
	if (ret)
		return explain(call, ret);
	gnutls_session_set_ptr(call->session, call);
	gnutls_priority_set_direct(call->session, TLS_PRIORITIES, NULL);
	gnutls_credentials_set(call->session, GNUTLS_CRD_CERTIFICATE,
			       call->credentials);
	gnutls_session_set_verify_function(call->session, check_server);
	gnutls_transport_set_int(call->session, call->fd);
	gnutls_handshake_set_timeout(call->session, GNUTLS_INDEFINITE_TIMEOUT);
	do {
		ret = gnutls_handshake(call->session);
	} while (again(call, ret));
	return ret ? explain(call, ret) : 0;
}

static ssize_t send_tls(void *of, const void *data, size_t len)
{
	struct call *call = of;
	ssize_t ret;

	do {
		ret = gnutls_record_send(call->session, data, len);
	} while (again(call, ret));
	return ret;
}

/* In TLS 1.3 the other end's refusal of our certificate comes only here. */
static ssize_t receive_tls(void *of, void *data, size_t len)
{
	struct call *call = of;
	ssize_t ret;

	do {
		ret = gnutls_record_recv(call->session, data, len);
	} while (again(call, ret));
	if (ret < 0 && ret != GNUTLS_E_AGAIN)
		explain(call, ret);
	return ret;
}

/* ---- a request ---- */

static void end(struct call *call)
{
	if (call->session)
		gnutls_deinit(call->session);
	if (call->credentials)
		gnutls_certificate_free_credentials(call->credentials);
	if (call->fd >= 0)
		close(call->fd);
}

static double time_of_day(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int exchange(struct call *call, const char *address,
		    const struct http_request *request,
		    struct http_answer *answer)
{
	const struct http_stream stream = { send_tls, receive_tls, call };
	char why[HTTP_WHY_MAX];

	if (connect_to(call, address))
		return -1;
	call->deadline_ms = now_ms() +
			    (strcmp(request->method, "GET") ? CALL_MS : ASK_MS);
	if (begin_tls(call))
		return -1;
	call->is_sent = true;
	call->span.sent = time_of_day();
	if (!http_exchange(&stream, request, answer, why)) {
		call->span.came = time_of_day();
		return 0;
	}
	if (!call->why[0])
		snprintf(call->why, sizeof(call->why), "%.255s", why);
	return -1;
}

/*
 * An answer of ssid is not deep. One that is would use up the stack when it is
 * printed again.
 */
static json_t *parse_body(const struct http_answer *answer)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < answer->len && depth <= DEPTH_MAX; i++) {
		char c = answer->body[i];

		if (c == '"')
			in_string = !in_string;
		else if (in_string && c == '\\')
			i++;
		else if (!in_string && (c == '[' || c == '{'))
			depth++;
		else if (!in_string && (c == ']' || c == '}'))
			depth--;
	}
	return depth > DEPTH_MAX ? NULL :
	       json_loadb(answer->body, answer->len, 0, NULL);
}

/* The other ssid has said why; the codes that it may use are ours, too. */
static json_t *take_body(const struct http_answer *answer, const json_t *node,
			 struct failure *failure)
{
	json_t *body = parse_body(answer);
	json_t *error = json_object_get(body, "error");

	if (body && answer->status < 300)
		return body;
	rest_fail(failure, 502, "node_refused", "Node %u (%s): %s",
		  plan_node_id(node),
		  json_string_value(json_object_get(node, "address")),
		  json_string_value(json_object_get(error, "message")) ?:
		  "ssid there gives an answer that is not JSON");
	json_decref(body);
	return NULL;
}

static json_t *call_node(const json_t *node, const struct http_request *request,
			 struct call *call, struct failure *failure)
{
	const char *address =
		json_string_value(json_object_get(node, "address"));
	struct http_answer answer = { 0 };
	json_t *body = NULL;
	const char *missing = tls_missing();

	if (!call->name)
		rest_fail(failure, 400, "name_missing", "Node %u has no name; with several hosts each node needs the name that is in the certificate of its host",
			  plan_node_id(node));
	else if (missing)
		rest_fail(failure, 409, "certificates_missing", "Node %u is on another host, and this host has no certificates (%s); ssictl cert init makes them",
			  plan_node_id(node), missing);
	else if (exchange(call, address, request, &answer))
		rest_fail(failure, 502, call->is_sent ? "node_silent" :
							"node_unreachable", "ssid of node %u at %s does not answer: %s",
			  plan_node_id(node), address, call->why);
	else
		body = take_body(&answer, node, failure);
	free(answer.body);
	end(call);
	return body;
}

json_t *remote_call(const json_t *node, const char *method, const char *path,
		    const char *text, struct failure *failure)
{
	const char *name = json_string_value(json_object_get(node, "name"));
	struct call call = { .fd = -1, .name = name };
	const struct http_request request = {
		.method = method, .path = path, .host = name, .body = text,
		.len = text ? strlen(text) : 0,
	};

	return call_node(node, &request, &call, failure);
}

json_t *remote_get(const json_t *node, const char *path,
		   struct remote_span *span, struct failure *failure)
{
	const char *name = json_string_value(json_object_get(node, "name"));
	struct call call = { .fd = -1, .name = name };
	const struct http_request request = {
		.method = "GET", .path = path, .host = name,
	};
	json_t *body = call_node(node, &request, &call, failure);

	*span = call.span;
	return body;
}
