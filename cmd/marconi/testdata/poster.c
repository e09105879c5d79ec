/* Posts over libzmq: poster ENDPOINT CONNECTIONS BODIES BYTES WINDOW
 *
 * For each line N on its input it sends N requests to post BODIES messages of BYTES
 * bytes each, over CONNECTIONS DEALERs with WINDOW of each unanswered, and prints a
 * line once all were answered with 201. Connection I posts to the queue qI. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static void *context;
static const char *endpoint;
static int bodies, bytes, window;

struct connection {
	pthread_t thread;
	int number;
	long share;
	long asked;
	void *socket;
};

static void must(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "%s: %s\n", what, zmq_strerror(zmq_errno()));
		exit(1);
	}
}

static void ask(struct connection *c, const char *body)
{
	char head[256];
	int n = snprintf(head, sizeof head,
		"{\"action\":\"message_post\",%s\"body\":{\"queue_name\":\"q%d\"},\"id\":%ld}",
		c->asked ? "" : "\"headers\":{\"Client-ID\":\"3381af92-2b9e-11e3-b191-71861300734c\",\"X-Project-ID\":\"p\"},",
		c->number, c->asked);
	c->asked++;
	must(zmq_send(c->socket, head, n, ZMQ_SNDMORE) == n, "send");
	for (int i = 0; i < bodies; i++)
		must(zmq_send(c->socket, body, bytes, i < bodies - 1 ? ZMQ_SNDMORE : 0) == bytes, "send");
}

/* answered takes a reply, if wait is not set only one that is there. */
static int answered(struct connection *c, int wait)
{
	zmq_msg_t m;
	zmq_msg_init(&m);
	int n = zmq_msg_recv(&m, c->socket, wait ? 0 : ZMQ_DONTWAIT);
	if (n < 0) {
		must(!wait && zmq_errno() == EAGAIN, "recv");
		return 0;
	}
	if (!memmem(zmq_msg_data(&m), n, "\"status\":201", 12) && !memmem(zmq_msg_data(&m), n, "\"status\": 201", 13)) {
		fprintf(stderr, "refused: %.*s\n", n, (char *)zmq_msg_data(&m));
		exit(1);
	}
	zmq_msg_close(&m);
	return 1;
}

static void *post(void *arg)
{
	struct connection *c = arg;
	char *body = malloc(bytes);
	memset(body, 'x', bytes);
	body[0] = body[bytes - 1] = '"';
	for (long sent = 0, done = 0; done < c->share;) {
		for (; sent < c->share && sent - done < window; sent++)
			ask(c, body);
		done += answered(c, 1);
		while (done < sent && answered(c, 0))
			done++;
	}
	free(body);
	return NULL;
}

int main(int argc, char **argv)
{
	must(argc == 6, "poster ENDPOINT CONNECTIONS BODIES BYTES WINDOW");
	int connections = atoi(argv[2]), linger = 0, no_limit = 0;
	endpoint = argv[1], bodies = atoi(argv[3]), bytes = atoi(argv[4]), window = atoi(argv[5]);
	context = zmq_ctx_new();
	struct connection *all = calloc(connections, sizeof *all);
	for (int i = 0; i < connections; i++) {
		all[i].number = i;
		all[i].socket = zmq_socket(context, ZMQ_DEALER);
		must(!zmq_setsockopt(all[i].socket, ZMQ_LINGER, &linger, sizeof linger), "linger");
		must(!zmq_setsockopt(all[i].socket, ZMQ_SNDHWM, &no_limit, sizeof no_limit), "sndhwm");
		must(!zmq_connect(all[i].socket, endpoint), "connect");
	}
	for (long n; scanf("%ld", &n) == 1;) {
		for (int i = 0; i < connections; i++) {
			all[i].share = n / connections + (i < n % connections);
			must(!pthread_create(&all[i].thread, NULL, post, &all[i]), "thread");
		}
		for (int i = 0; i < connections; i++)
			must(!pthread_join(all[i].thread, NULL), "join");
		puts("posted");
		fflush(stdout);
	}
	for (int i = 0; i < connections; i++)
		zmq_close(all[i].socket);
	zmq_ctx_term(context);
	return 0;
}
