"""python-zaqarclient's WebSocket transport, which takes requests one by one."""

import json
import os
import unittest
import uuid

from zaqarclient.transport import errors as refusal
from zaqarclient.transport import get_transport_for, request


class Base:
    """Tests of a connection to the broker of the variable URL."""

    def connect(self, project, token):
        endpoint = "ws" + os.environ[self.URL].removeprefix("http") + "/ws"
        transport = get_transport_for(endpoint, version=2, options={"auth_opts": {
            "backend": "keystone", "options": {"os_auth_token": token, "os_project_id": project}}})
        self.addCleanup(transport.cleanup)

        def ask(operation, **body):
            content = json.dumps(body) if body else None
            answer = transport.send(request.Request(endpoint, operation, content=content))
            return answer.status_code, answer.deserialized_content
        return transport, ask

    def setUp(self):
        self.name = "queue-" + uuid.uuid4().hex
        self.transport, self.ask = self.connect(self.project, self.token)
        self.assertEqual(self.ask("queue_create", queue_name=self.name, metadata={"k": "v"}),
                         (201, f"Queue {self.name} created."))

    def tearDown(self):
        self.assertEqual(self.ask("queue_delete", queue_name=self.name), (204, f"Queue {self.name} removed."))

    def post(self, *bodies):
        status, answer = self.ask("message_post", queue_name=self.name, messages=[{"body": b, "ttl": 300} for b in bodies])
        self.assertEqual((status, list(answer)), (201, ["message_ids"]))
        return answer["message_ids"]

    def listed(self, **options):
        status, answer = self.ask("message_list", queue_name=self.name, **options)
        self.assertEqual(status, 200)
        return [m["body"] for m in answer["messages"]]

    def test_queues(self):
        self.assertEqual(self.ask("queue_create", queue_name=self.name)[0], 204)
        status, metadata = self.ask("queue_get", queue_name=self.name)
        self.assertEqual((status, metadata["k"]), (200, "v"))
        status, answer = self.ask("queue_list", limit=20)
        self.assertEqual(status, 200)
        self.assertIn({"name": self.name}, answer["queues"])

    def test_messages(self):
        sent = ["äpfel", {"nested": [1, None, 1.5]}, 3]
        ids = self.post(*sent)
        self.assertEqual(self.listed(), [])
        self.assertEqual(self.listed(echo=True), sent)
        _, answer = self.ask("message_get", queue_name=self.name, message_id=ids[1])
        self.assertEqual(answer["messages"]["body"], sent[1])
        self.assertEqual(self.ask("message_delete", queue_name=self.name, message_id=ids[0]), (204, {}))
        _, answer = self.ask("message_delete_many", queue_name=self.name, pop=1)
        self.assertEqual([m["id"] for m in answer["messages"]], ids[1:2])
        _, answer = self.ask("queue_get_stats", queue_name=self.name)
        self.assertEqual(answer["messages"]["total"], 1)
        self.assertEqual(self.ask("queue_purge", queue_name=self.name, resource_types=["messages"]), (204, {}))
        self.assertEqual(self.listed(echo=True), [])

    def test_claims(self):
        ids = self.post("a", "b")
        status, claim = self.ask("claim_create", queue_name=self.name, ttl=300, grace=60, limit=1)
        self.assertEqual((status, [m["id"] for m in claim["messages"]]), (201, ids[:1]))
        mine = {"queue_name": self.name, "claim_id": claim["claim_id"]}
        with self.assertRaises(refusal.ForbiddenError):
            self.ask("message_delete", queue_name=self.name, message_id=ids[0])
        self.assertEqual(self.ask("claim_update", ttl=600, **mine)[0], 204)
        self.assertEqual(self.ask("claim_get", **mine)[1]["ttl"], 600)
        self.assertEqual(self.ask("message_delete", message_id=ids[0], **mine), (204, {}))
        with self.assertRaisesRegex(refusal.ResourceNotFound, "Claim .* does not exist"):
            self.ask("claim_get", **mine)

    def test_pushes(self):
        self.post("before")
        status, answer = self.ask("subscription_create", queue_name=self.name, ttl=300)
        self.assertEqual((status, answer["message"]), (201, f"Subscription {self.name} created."))
        with self.assertRaises(refusal.ConflictError):
            self.ask("subscription_create", queue_name=self.name, ttl=300)
        other, ask = self.connect(self.project, self.token)
        for body in "one", {"two": 2}:
            ask("message_post", queue_name=self.name, messages=[{"body": body, "ttl": 300}])
        for body in "one", {"two": 2}:
            self.assertEqual(self.transport.recv(), {
                "body": body, "ttl": 300, "queue_name": self.name, "Message_Type": "Notification"})
        self.assertEqual(len(ask("subscription_list", queue_name=self.name)[1]["subscriptions"]), 1)
        gone = {"queue_name": self.name, "subscription_id": answer["subscription_id"]}
        self.assertEqual(self.ask("subscription_delete", **gone)[0], 204)
        ask("message_post", queue_name=self.name, messages=[{"body": "unheard", "ttl": 300}])
        self.assertEqual(self.listed(echo=True), ["before", "one", {"two": 2}, "unheard"])

    def test_refusals(self):
        for operation, body, text in (
                ("message_post", {"queue_name": self.name}, "Schema validation failed."),
                ("queue_paint", {"queue_name": self.name}, "queue_paint is not a valid action"),
                ("message_list", {"queue_name": self.name, "limit": 0}, "Code: 400"),
        ):
            with self.subTest(operation), self.assertRaisesRegex(refusal.MalformedRequest, text):
                self.ask(operation, **body)


class Believed(Base, unittest.TestCase):
    """The transport authenticates in any case, and waits for the answer."""

    URL = "BROKER_URL"
    token = "none"

    def setUp(self):
        self.project = uuid.uuid4().hex
        super().setUp()

    def test_projects(self):
        _, ask = self.connect("another", self.token)
        with self.assertRaises(refusal.ResourceNotFound):
            ask("message_get", queue_name=self.name, message_id=self.post("mine")[0])


class WithTokens(Base, unittest.TestCase):

    URL = "TOKENS_URL"
    project = "shop"

    def setUp(self):
        self.token = os.environ["TOKEN"]
        super().setUp()

    def test_a_wrong_token(self):
        _, ask = self.connect(self.project, "wrong")
        with self.assertRaisesRegex(refusal.UnauthorizedError, "Authentication failed."):
            ask("queue_list")
        with self.assertRaisesRegex(refusal.ForbiddenError, "Not authentified."):
            ask("queue_list")

    def test_a_token_is_of_one_project(self):
        _, ask = self.connect("operators", self.token)
        with self.assertRaisesRegex(refusal.ForbiddenError, "You are not authorized to complete this action"):
            ask("message_list", queue_name=self.name)
