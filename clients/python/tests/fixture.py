"""What the tests of python-zaqarclient share."""

import os
import unittest
import uuid

from zaqarclient.queues import client
from zaqarclient.queues.v2 import core

DEFAULTS = {
    "_default_message_ttl": 3600,
    "_default_message_delay": 0,
    "_max_messages_post_size": 262144,
    "_dead_letter_queue": None,
    "_dead_letter_queue_messages_ttl": None,
    "_max_claim_count": None,
    "_enable_encrypt_messages": False,
}


class TestCase(unittest.TestCase):
    """A test with a project of its own, so that it sees nothing of another."""

    def setUp(self):
        self.project = uuid.uuid4().hex
        self.client = self.new_client()

    def new_client(self, project=None):
        """A client that the broker knows from the others by its Client-ID."""
        return client.Client(os.environ["BROKER_URL"], version=2, conf={"auth_opts": {
            "backend": "noauth",
            "options": {"os_project_id": project or self.project},
        }})

    def names(self, **params):
        """The names of the queues on one page."""
        queues, _ = self.client.queues(**params)
        return [q.name for q in queues]

    def create(self, name, metadata):
        """Makes a queue with metadata, for which the client has no method."""
        request, transport = self.client._request_and_transport()
        core.queue_create(transport, request, name, metadata=metadata)
        return self.client.queue(name)

    def patch(self, name, *changes):
        """Changes metadata as the client itself does, but by changes of one's own."""
        request, transport = self.client._request_and_transport()
        return core.queue_update(transport, request, name, metadata=list(changes))

    def post(self, queue, *bodies):
        """Posts messages that live for five minutes and answers their IDs."""
        answer = queue.post([{"body": body, "ttl": 300} for body in bodies])
        self.assertEqual(list(answer), ["resources"])
        self.assertEqual(len(answer["resources"]), len(bodies))
        path = f"/v2/queues/{queue.name}/messages/"
        for href in answer["resources"]:
            self.assertTrue(href.startswith(path), href)
        return [href.removeprefix(path) for href in answer["resources"]]

    def refused(self, error, text):
        """A context in which the broker's refusal is this error, which says text."""
        return self.assertRaisesRegex(error, text)

    def assertRecent(self, seconds):
        """Holds for the age of what this test has made."""
        self.assertIsInstance(seconds, int)
        self.assertIn(seconds, range(60))


def bodies(messages):
    return [m.body for m in messages]
