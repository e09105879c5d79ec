"""Pre-signed URLs: what a client may do who has one and no token."""

import hashlib
import hmac
import os
import unittest
import uuid

from zaqarclient.queues import client
from zaqarclient.transport import errors as refusal

from fixture import bodies


def connect(backend, **options):
    return client.Client(os.environ["TOKENS_URL"], version=2, conf={"auth_opts": {"backend": backend, "options": options}})


def bearer(url, **other):
    """A client who has a signed URL, or one with other members than it came with."""
    url = url | other
    return connect("signed-url", os_project_id=url.pop("project"), **url)


class SignedURLs(unittest.TestCase):

    def setUp(self):
        self.name = "queue-" + uuid.uuid4().hex
        self.queue = connect("keystone", os_auth_token=os.environ["TOKEN"]).queue(self.name)
        self.queue.post([{"body": "apple", "ttl": 300}])
        self.addCleanup(self.queue.delete)

    def assertNothingFound(self, ask, *arguments, **more):
        with self.assertRaisesRegex(refusal.ResourceNotFound, "404 Not Found"):
            ask(*arguments, **more)

    def test_what_is_signed(self):
        url = self.queue.signed_url()
        text = rf"/v2/queues/{self.name}/messages\nGET\nshop\n{url['expires']}"
        self.assertEqual(url, {
            "paths": [f"/v2/queues/{self.name}/messages"], "methods": ["GET"], "project": "shop", "expires": url["expires"],
            "signature": hmac.new(b"the secret of these tests", text.encode(), hashlib.sha256).hexdigest()})

    def test_reading(self):
        queue = bearer(self.queue.signed_url()).queue(self.name)
        message, = queue.messages(echo=True)
        self.assertEqual(message.body, "apple")
        self.assertEqual(queue.message(message.id).body, "apple")

    def test_reading_is_all(self):
        holder = bearer(self.queue.signed_url())
        queue = holder.queue(self.name)
        message, = queue.messages(echo=True)
        self.assertNothingFound(queue.post, [{"body": "pear", "ttl": 300}])
        self.assertNothingFound(message.delete)
        self.assertNothingFound(queue.pop)
        self.assertNothingFound(queue.claim, ttl=60, grace=60)
        self.assertNothingFound(queue.metadata)
        self.assertNothingFound(queue.delete)
        self.assertNothingFound(queue.signed_url)
        self.assertNothingFound(holder.queues)
        self.assertNothingFound(holder.health)
        self.assertEqual(bodies(self.queue.messages(echo=True)), ["apple"])

    def test_working(self):
        queue = bearer(self.queue.signed_url(paths=["messages", "claims"], methods=["GET", "POST", "PATCH", "DELETE"])).queue(self.name)
        queue.post([{"body": "pear", "ttl": 300}])
        claim = queue.claim(ttl=60, grace=60)
        for message in claim:
            message.delete()
        self.assertEqual(bodies(self.queue.messages(echo=True, include_claimed=True)), [])

    def test_other_queues(self):
        holder = bearer(self.queue.signed_url())
        for name in self.name + "2", self.name[:-1], "queue":
            with self.subTest(name):
                self.assertNothingFound(holder.queue(name).messages)

    def test_a_dot_is_no_other_character(self):
        dotted = self.name[:8] + "." + self.name[9:]
        request, transport = self.queue.client._request_and_transport()
        request.operation, request.params["queue_name"], request.content = "signed_url_create", dotted, "{}"
        holder = bearer(transport.send(request).deserialized_content)
        self.assertNothingFound(holder.queue(self.name).messages)

    def test_what_was_changed(self):
        url = self.queue.signed_url()
        for other in (
                {"methods": ["GET", "POST"]},
                {"paths": url["paths"] + ["/v2/queues/other/messages"]},
                {"project": "operators"},
                {"expires": "2099-01-01T00:00:00"},
                {"signature": url["signature"].upper()},
                {"signature": "0" * 64},
        ):
            with self.subTest(**other):
                self.assertNothingFound(bearer(url, **other).queue(self.name).messages)

    def test_what_cannot_be_signed(self):
        for arguments, text in (
                ({"paths": ["stats"]}, r"Invalid paths: {'stats'}"),
                ({"methods": "GET"}, "`methods` should be a list"),
                ({"ttl_seconds": -1}, "`expires` is lower than the current time"),
        ):
            with self.subTest(**arguments), self.assertRaisesRegex(refusal.MalformedRequest, text):
                self.queue.signed_url(**arguments)

    def test_a_broker_without_a_secret(self):
        other = client.Client(os.environ["BROKER_URL"], version=2, conf={"auth_opts": {
            "backend": "noauth", "options": {"os_project_id": "shop"}}})
        with self.assertRaisesRegex(refusal.MalformedRequest, "The `key` can't be None"):
            other.queue(self.name).signed_url()
        url = self.queue.signed_url()
        other.auth_opts = bearer(url).auth_opts
        self.assertNothingFound(other.queue(self.name).messages)
