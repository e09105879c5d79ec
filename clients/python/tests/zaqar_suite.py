"""Runs tests of Zaqar itself against Marconi, unchanged.

    BROKER=path/to/marconi REPORT_FD=3 python3 zaqar_suite.py MODULE...

Those tests start Zaqar in their own process and speak WSGI to it. Here they get an
application that hands each request on, over HTTP, to a broker that was started with
the options that the test has set.
"""

import contextlib
import functools
import http.client
import os
import re
import subprocess
import tempfile
import time
import urllib.parse
import uuid
from unittest import mock

# The tests ask for these when they are loaded.
CONFIGS = {
    "wsgi_mongodb.conf": "[signed_url]\nsecret_key = the secret of these tests\n",
    "wsgi_mongodb_default_limits.conf": "",
    "wsgi_mongodb_validation.conf": "[transport]\nmax_queue_metadata = 64\nmax_messages_post_size = 256\n",
    "wsgi_mongodb_pooled.conf": "[DEFAULT]\npooling = True\n",
    "wsgi_faulty.conf": "[drivers]\nmessage_store = faulty\nmanagement_store = faulty\n",
    "keystone_auth.conf": "[DEFAULT]\nauth_strategy = keystone\n",
    "functional-tests.conf": "",
    "functional-zaqar.conf": "",
}
os.environ["ZAQAR_TEST_MONGODB"] = os.environ["ZAQAR_TEST_SLOW"] = "yes"

from oslo_utils import timeutils

from zaqar import bootstrap
from zaqar.conf import default, opts, signed_url, transport
from zaqar.transport import base

import report


class Broker:
    """A running marconi."""

    def __init__(self, settings):
        command = [os.environ["BROKER"], "serve", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--zmq", "tcp://127.0.0.1:0", "--store", "memory:"]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in self._process.stdout:
            if found := re.search(r"http://([\d.]+:\d+)", line):
                self._address = found[1]
                return
        raise RuntimeError(f"{command} ended with {self._process.wait()}")

    def ask(self, method, target, headers, body=b""):
        with contextlib.closing(http.client.HTTPConnection(self._address, timeout=30)) as connection:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            with contextlib.suppress(BrokenPipeError):  # answered before all was sent
                connection.endheaders(body)
            answer = connection.getresponse()
            return answer, answer.read()

    def close(self):
        self._process.terminate()
        self._process.stdout.read()
        self._process.stdout.close()
        if code := self._process.wait():
            raise RuntimeError(f"marconi ended with {code}")


class Brokers:
    """A broker for each set of options that a test has asked for."""

    def __init__(self):
        self._running = {}

    def get(self, settings):
        key = tuple(sorted(settings.items()))
        if key not in self._running:
            self._running[key] = Broker(settings)
        return self._running[key]

    def close(self):
        for broker in self._running.values():
            broker.close()


class Application:
    """What Zaqar's tests take for Zaqar."""

    def __init__(self, conf, brokers):
        self._conf, self._brokers = conf, brokers
        self._made = set()  # the queues that may be there

    def __call__(self, environ, start_response):
        broker = self._brokers.get(changed(self._conf))  # a test may change them at any time
        target = urllib.parse.quote(environ["PATH_INFO"].encode("latin-1"))
        if queue := re.match("/v2/queues/[^/]+", target):
            self._made.add((broker, environ.get("HTTP_X_PROJECT_ID"), queue[0]))
        if environ.get("QUERY_STRING"):
            target += "?" + environ["QUERY_STRING"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer, content = broker.ask(environ["REQUEST_METHOD"], target, headers(environ), body)
        start_response(f"{answer.status} {answer.reason}", answer.getheaders())
        return [content] if content else []

    def clear(self):
        """Leaves nothing to the next test, as the tests do with Zaqar's database."""
        for broker, project, queue in self._made:
            broker.ask("DELETE", queue, {"Client-ID": str(uuid.uuid4()), "X-Project-ID": project or ""})


def headers(environ):
    """The headers of a WSGI request but for the host, which is none."""
    names = {key: key.removeprefix("HTTP_") for key in environ if key.startswith("HTTP_")}
    names |= {key: key for key in ("CONTENT_TYPE", "CONTENT_LENGTH") if key in environ}
    return {name.replace("_", "-"): environ[key] for key, name in names.items() if name != "HOST"}


def changed(conf):
    """The options that a test has set to something else than Zaqar's default."""
    known = [(conf[transport.GROUP_NAME], o) for o in transport.ALL_OPTS]
    known += [(conf, o) for o in default.ALL_OPTS if o.name in ("admin_mode", "enable_checksum")]
    options = {o.dest: getattr(group, o.dest) for group, o in known if getattr(group, o.dest) != o.default}
    if secret := conf[signed_url.GROUP_NAME].secret_key:
        options["signed_url_secret"] = secret
    return options


class Bootstrap:
    """Stands where Zaqar puts its parts together. Of its stores nothing is there but
    that they can be closed."""

    def __init__(self, conf, brokers):
        self.conf = conf
        for group, options in opts.list_opts_by_group():
            conf.register_opts(options, group=group)
        app = Application(conf, brokers)
        brokers.get(changed(conf))  # not when a test has stopped its clock
        self.transport = mock.Mock(app=app, _defaults=base.ResourceDefaults(conf))
        self.storage = mock.MagicMock(close=app.clear)
        self.control = mock.MagicMock()


def stop_clock(set_time_override, *instant):
    """Stops the clock of a test. That of the broker goes on: both show the same second
    for a while if it has just begun."""
    time.sleep(-time.time() % 1)
    set_time_override(*instant)


def main():
    with contextlib.closing(Brokers()) as brokers, tempfile.TemporaryDirectory() as folder:
        for name, text in CONFIGS.items():
            with open(os.path.join(folder, name), "w") as file:
                file.write(text)
        os.environ["ZAQAR_TESTS_CONFIGS_DIR"] = folder
        stop = functools.partial(stop_clock, timeutils.set_time_override)
        with (mock.patch.object(bootstrap, "Bootstrap", lambda conf: Bootstrap(conf, brokers)),
              mock.patch.object(timeutils, "set_time_override", stop)):
            report.main()


if __name__ == "__main__":
    main()
