"""The commands of python-openstackclient: openstack messaging …

They cannot name a project of their own accord where no Keystone scopes a token to
one, so they are run against a broker that knows its callers by tokens. "admin_token"
makes them send a token, as it is, to an endpoint they are given.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import unittest
import uuid

from openstackclient import shell

from fixture import DEFAULTS


def options(token="TOKEN"):
    return ["--os-auth-type", "admin_token", "--os-endpoint", os.environ["TOKENS_URL"],
            "--os-token", os.environ[token]]


def run(arguments, printed):
    """Runs a command in this process and ends with its exit code."""
    os.dup2(printed.fileno(), sys.stdout.fileno())
    os.dup2(printed.fileno(), sys.stderr.fileno())
    sys.exit(shell.OpenStackShell().run(arguments))


class Commands(unittest.TestCase):

    def setUp(self):
        self.queue = "queue-" + uuid.uuid4().hex
        self.identity = ["--client-id", uuid.uuid4().hex]
        self.addCleanup(self.run_command, "queue delete", self.queue)

    def run_command(self, command, *arguments, token="TOKEN"):
        """What a command prints. It has a process of its own, as if started from a shell,
        but not the second that loading takes."""
        words = [*options(token), "messaging", *command.split(), *arguments]
        with tempfile.TemporaryFile("w+") as printed:
            process = multiprocessing.get_context("fork").Process(target=run, args=(words, printed))
            process.start()
            process.join()
            printed.seek(0)
            text = printed.read()
        self.assertEqual(process.exitcode, 0, text)
        return text

    def table(self, command, *arguments, **more):
        """The rows that a command shows."""
        return json.loads(self.run_command(command, *arguments, "-f", "json", **more))

    def post(self, *bodies):
        self.run_command("message post", *self.identity, self.queue,
                         json.dumps([{"body": body, "ttl": 300} for body in bodies]))

    def listed(self, *flags):
        return self.table("message list", *self.identity, self.queue, *flags)

    def test_as_a_program(self):
        answer = subprocess.run(["openstack", *options(), "messaging", "ping", "-f", "json"],
                                check=True, capture_output=True, text=True)
        self.assertEqual(json.loads(answer.stdout), {"Pingable": True})

    def test_ping(self):
        self.assertEqual(self.table("ping"), {"Pingable": True})

    def test_home_document(self):
        self.assertIn("rel/queues", json.loads(self.run_command("homedoc"))["resources"])

    def test_health(self):
        health = json.loads(self.run_command("health", token="ADMIN_TOKEN"))
        self.assertIs(health["storage_reachable"], True)

    def test_queues(self):
        self.assertEqual(self.table("queue create", self.queue), {"Name": self.queue})
        self.assertIn({"Name": self.queue}, self.table("queue list", "--limit", "20"))
        self.assertRegex(self.run_command("queue list", "--with_count"), r"Queues in total: \d+")
        self.assertEqual(self.table("queue list", "--marker", "z"), [])
        self.run_command("queue delete", self.queue)
        self.assertNotIn({"Name": self.queue}, self.table("queue list", "--limit", "20"))

    def test_metadata(self):
        self.run_command("queue create", self.queue)
        self.run_command("queue set metadata", self.queue, '{"colour": "green"}')
        shown = DEFAULTS | {"colour": "green"}
        self.assertEqual(self.table("queue get metadata", self.queue), {"Metadata": shown})
        self.assertIn({"Name": self.queue, "Metadata_Dict": shown, "Href": "/v2/queues/" + self.queue},
                      self.table("queue list", "--detailed", "--limit", "20"))

    def test_messages(self):
        self.post("apple", {"name": "pear"})
        self.assertEqual(self.listed(), [])
        apple, pear = self.listed("--echo")
        self.assertEqual((apple["Body"], apple["TTL"], apple["Claim ID"], apple["Checksum"]), ("apple", 300, None, None))
        self.assertEqual(pear["Body"], {"name": "pear"})
        self.assertEqual([m["ID"] for m in self.listed("--echo", "--limit", "1")], [apple["ID"]])
        both = self.listed("--message-ids", apple["ID"] + "," + pear["ID"])
        self.assertEqual([m["ID"] for m in both], [apple["ID"], pear["ID"]])
        stats = self.table("queue stats", self.queue)["Stats"]["messages"]
        self.assertEqual((stats["free"], stats["claimed"], stats["total"]), (2, 0, 2))

    def test_purge(self):
        self.post("apple", "pear")
        self.run_command("queue purge", self.queue, "--resource_types", "messages")
        self.assertEqual(self.listed("--echo"), [])

    def test_signed_urls(self):
        shown = self.table("queue signed url", self.queue, "--paths", "messages,claims", "--methods", "POST,GET", "--ttl-seconds", "60")
        self.assertEqual(shown.pop("Paths"), f"/v2/queues/{self.queue}/claims,/v2/queues/{self.queue}/messages")
        self.assertRegex(shown.pop("Expires"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")
        self.assertRegex(shown.pop("Signature"), "^[0-9a-f]{64}$")
        self.assertEqual(shown, {"Methods": "GET,POST", "Project ID": "shop"})

    def test_claims(self):
        self.post("apple", "pear", "plum")
        claimed = self.table("claim create", self.queue, "--ttl", "120", "--grace", "60", "--limit", "2")
        self.assertEqual([m["Messages"] for m in claimed], ["apple", "pear"])
        claim = claimed[0]["Claim_ID"]
        self.assertEqual(len(self.listed("--echo")), 1)
        self.assertEqual(len(self.listed("--echo", "--include-claimed")), 3)
        queried = self.table("claim query", self.queue, claim)
        self.assertEqual([(m["Message"], m["TTL"]) for m in queried], [("apple", 300), ("pear", 300)])
        renewed = self.table("claim renew", self.queue, claim, "--ttl", "600", "--grace", "300")
        self.assertEqual([m["TTL"] for m in renewed], [900, 900])
        self.run_command("claim release", self.queue, claim)
        self.assertEqual(len(self.listed("--echo")), 3)
