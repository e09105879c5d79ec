/* A peer of libzmq: peer ROLE ENDPOINT COUNT [KEY VALUE]...
 *
 * dealer, req   send COUNT requests of growing size and want each back
 * push          pushes COUNT messages
 * sub           prints the topics it gets from VALUE of "topic" on, until "end"
 * router        binds, prints its endpoint, and sends COUNT messages back
 *
 * Keys: user, password; server, public, secret (hexadecimal); topic; heartbeat (ms).
 * Exit status 0: all went as it must. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static void must(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "%s: %s\n", what, zmq_strerror(zmq_errno()));
		exit(1);
	}
}

static void set(void *s, int option, const void *value, size_t size)
{
	must(zmq_setsockopt(s, option, value, size) == 0, "setsockopt");
}

static void set_int(void *s, int option, int value) { set(s, option, &value, sizeof value); }

static void set_key(void *s, int option, const char *hex)
{
	unsigned char key[32];
	for (int i = 0; i < 32; i++)
		must(sscanf(hex + 2 * i, "%2hhx", &key[i]) == 1, "key");
	set(s, option, key, sizeof key);
}

static void configure(void *s, const char *key, const char *value)
{
	if (!strcmp(key, "user"))
		set(s, ZMQ_PLAIN_USERNAME, value, strlen(value));
	else if (!strcmp(key, "password"))
		set(s, ZMQ_PLAIN_PASSWORD, value, strlen(value));
	else if (!strcmp(key, "server"))
		set_key(s, ZMQ_CURVE_SERVERKEY, value);
	else if (!strcmp(key, "public"))
		set_key(s, ZMQ_CURVE_PUBLICKEY, value);
	else if (!strcmp(key, "secret"))
		set_key(s, ZMQ_CURVE_SECRETKEY, value);
	else if (!strcmp(key, "serve"))
		set_int(s, ZMQ_CURVE_SERVER, 1);
	else if (!strcmp(key, "topic"))
		set(s, ZMQ_SUBSCRIBE, value, strlen(value));
	else if (!strcmp(key, "heartbeat")) {
		set_int(s, ZMQ_HEARTBEAT_IVL, atoi(value));
		set_int(s, ZMQ_HEARTBEAT_TTL, 10 * atoi(value));
		set_int(s, ZMQ_HEARTBEAT_TIMEOUT, 10 * atoi(value));
	} else
		must(0, key);
}

static void send_part(void *s, const void *b, size_t n, int more)
{
	must(zmq_send(s, b, n, more ? ZMQ_SNDMORE : 0) == (int)n, "send");
}

static void want_part(void *s, const void *want, size_t n, int more)
{
	int has = 0;
	size_t size = sizeof has;
	zmq_msg_t m;
	zmq_msg_init(&m);
	must(zmq_msg_recv(&m, s, 0) >= 0, "recv");
	must(zmq_msg_size(&m) == n && !memcmp(zmq_msg_data(&m), want, n), "another part than was sent");
	must(zmq_getsockopt(s, ZMQ_RCVMORE, &has, &size) == 0 && has == more, "another number of parts");
	zmq_msg_close(&m);
}

static void ask(void *s, int count)
{
	static char body[1 << 20];
	for (int i = 0; i < count; i++) {
		size_t n = (size_t)i * i * 7 % sizeof body;
		memset(body, 'a' + i % 26, n);
		send_part(s, &i, sizeof i, 1);
		send_part(s, body, n, 0);
		want_part(s, &i, sizeof i, 1);
		want_part(s, body, n, 0);
	}
}

static void push(void *s, int count)
{
	char b[16];
	for (int i = 0; i < count; i++)
		send_part(s, b, (size_t)snprintf(b, sizeof b, "%d", i), 0);
}

static void subscriber(void *s)
{
	char b[256] = "";
	for (int n = 0; strcmp(b, "end");) {
		must((n = zmq_recv(s, b, sizeof b - 1, 0)) >= 0 && n < (int)sizeof b, "recv");
		b[n] = 0;
		puts(b);
		fflush(stdout);
	}
}

static void router(void *s, int count)
{
	char endpoint[256];
	size_t size = sizeof endpoint;
	must(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0, "endpoint");
	puts(endpoint);
	fflush(stdout);
	while (count > 0) {
		zmq_msg_t m;
		zmq_msg_init(&m);
		must(zmq_msg_recv(&m, s, 0) >= 0, "recv");
		int more = zmq_msg_more(&m);
		must(zmq_msg_send(&m, s, more ? ZMQ_SNDMORE : 0) >= 0, "send");
		count -= !more;
	}
}

static int type_of(const char *role)
{
	const struct { const char *name; int type; } roles[] = {
		{"dealer", ZMQ_DEALER}, {"req", ZMQ_REQ}, {"push", ZMQ_PUSH}, {"sub", ZMQ_SUB}, {"router", ZMQ_ROUTER},
	};
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		if (!strcmp(roles[i].name, role))
			return roles[i].type;
	must(0, role);
	return -1;
}

int main(int argc, char **argv)
{
	must(argc >= 4 && argc % 2 == 0, "arguments");
	const char *role = argv[1], *endpoint = argv[2];
	int count = atoi(argv[3]);
	void *context = zmq_ctx_new();
	void *s = zmq_socket(context, type_of(role));
	set_int(s, ZMQ_RCVTIMEO, 20000);
	set_int(s, ZMQ_SNDTIMEO, 20000);
	for (int i = 4; i < argc; i += 2)
		configure(s, argv[i], argv[i + 1]);
	must((!strcmp(role, "router") ? zmq_bind : zmq_connect)(s, endpoint) == 0, endpoint);

	if (!strcmp(role, "push"))
		push(s, count);
	else if (!strcmp(role, "sub"))
		subscriber(s);
	else if (!strcmp(role, "router"))
		router(s, count);
	else
		ask(s, count);
	zmq_close(s);
	zmq_ctx_term(context);
	return 0;
}
