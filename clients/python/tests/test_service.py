"""The broker itself: whether it is there, how it is, what it offers, whom it knows."""

import os
import socket

from zaqarclient.queues import client
from zaqarclient.transport import errors as refusal

from fixture import TestCase

OPERATIONS = ["create_queue", "post_messages", "claim_messages", "list_messages",
              "delete_messages", "delete_claim", "bulk_delete_messages", "delete_queue"]


class Service(TestCase):

    def test_ping(self):
        self.assertTrue(self.client.ping())

    def test_ping_of_nobody(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        self.client.api_url = f"http://127.0.0.1:{port}"
        self.assertFalse(self.client.ping())

    def test_the_home_document(self):
        resources = self.client.homedoc()["resources"]
        self.assertEqual(resources["rel/queue"]["href-template"], "/v2/queues/{queue_name}")
        self.assertEqual(sorted(resources["rel/queue"]["hints"]["allow"]), ["DELETE", "GET", "PATCH", "PUT"])
        for name, resource in resources.items():
            with self.subTest(name):
                self.assertTrue((resource.get("href") or resource["href-template"]).startswith("/v2/"))

    def test_a_path_that_leads_nowhere(self):
        with self.refused(refusal.ResourceNotFound, "404 Not Found"):
            self.client.follow("/v2/nowhere")

    def test_an_endpoint_may_end_in_a_slash(self):
        self.client.api_url += "/"
        self.assertTrue(self.client.ping())
        self.client.queue("fruit", force_create=True)
        self.assertEqual(self.names(), ["fruit"])

    def test_health_is_for_operators(self):
        with self.refused(refusal.ForbiddenError, "Title: Not authorized. "
                                                  "Description: You are not authorized to complete this action"):
            self.client.health()


class Tokens(TestCase):
    """A broker that knows its callers by tokens, as the client sends them to one behind Keystone."""

    def client_with(self, token):
        return client.Client(os.environ["TOKENS_URL"], version=2, conf={"auth_opts": {
            "backend": "keystone", "options": {"os_auth_token": token}}})

    def test_a_token_opens_its_project(self):
        worker = self.client_with(os.environ["TOKEN"])
        queue = worker.queue("fruit")
        queue.post({"body": "apple", "ttl": 60})
        self.assertEqual([m.body for m in queue.messages(echo=True)], ["apple"])
        queue.delete()

    def test_no_other_token_opens_anything(self):
        stranger = self.client_with("nobody's")
        with self.assertRaises(refusal.UnauthorizedError):
            stranger.queue("fruit").post({"body": "apple", "ttl": 60})
        self.assertFalse(stranger.ping())

    def test_health(self):
        with self.assertRaises(refusal.ForbiddenError):
            self.client_with(os.environ["TOKEN"]).health()
        health = self.client_with(os.environ["ADMIN_TOKEN"]).health()
        self.assertEqual(sorted(health), ["message_volume", "operation_status", "storage_reachable"])
        self.assertIs(health["storage_reachable"], True)
        self.assertEqual(sorted(health["operation_status"]), sorted(OPERATIONS))
        for name, status in health["operation_status"].items():
            with self.subTest(name):
                self.assertEqual((status["succeeded"], status["ref"]), (True, None))
                self.assertGreaterEqual(status["seconds"], 0)
