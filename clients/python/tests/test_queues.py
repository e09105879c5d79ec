"""Queues: making, finding, counting, emptying and deleting them."""

from zaqarclient import errors
from zaqarclient.transport import errors as refusal

from fixture import DEFAULTS, TestCase, bodies


class Queues(TestCase):

    def test_a_queue_is_made_once(self):
        self.create("fruit", {"colour": "green"})
        self.client.queue("fruit", force_create=True)
        self.assertEqual(self.names(), ["fruit"])
        self.assertEqual(self.client.queue("fruit").metadata()["colour"], "green")

    def test_naming_a_queue_makes_none(self):
        self.client.queue("fruit")
        self.assertEqual(self.names(), [])

    def test_the_client_does_not_ask_whether_a_queue_exists(self):
        with self.assertRaises(errors.InvalidOperation):
            self.client.queue("fruit").exists()

    def test_a_deleted_queue_is_gone_with_its_messages(self):
        queue = self.client.queue("fruit", force_create=True)
        self.post(queue, "apple")
        queue.delete()
        self.assertEqual(self.names(), [])
        self.assertEqual(bodies(queue.messages(echo=True)), [])
        queue.delete()

    def test_projects_do_not_see_each_other(self):
        self.post(self.client.queue("fruit"), "apple")
        other = self.new_client(project="of somebody else " + self.project)
        queues, _ = other.queues()
        self.assertEqual(list(queues), [])
        self.assertEqual(bodies(other.queue("fruit").messages(echo=True)), [])

    def test_names_the_broker_refuses(self):
        with self.refused(refusal.MalformedRequest, "Invalid queue identification"):
            self.client.queue("q" * 65, force_create=True)
        self.client.queue("q" * 64, force_create=True)


class Listing(TestCase):

    def setUp(self):
        super().setUp()
        self.all = [f"queue-{n:02}" for n in range(25)]
        for name in reversed(self.all):
            self.client.queue(name, force_create=True)

    def test_pages(self):
        self.assertEqual(self.names(), self.all[:10])
        self.assertEqual(self.names(limit=20), self.all[:20])
        self.assertEqual(self.names(limit=3, marker="queue-03"), self.all[4:7])
        self.assertEqual(self.names(marker="queue-03x"), self.all[4:14])
        self.assertEqual(self.names(marker=self.all[-1]), [])

    def test_a_stream_follows_the_links(self):
        for limit in 1, 5, 7, 20:
            with self.subTest(limit=limit):
                queues, _ = self.client.queues(limit=limit)
                self.assertEqual([q.name for q in queues.stream()], self.all)

    def test_count(self):
        queues, count = self.client.queues(limit=2, with_count=True)
        self.assertEqual((len(list(queues)), count), (2, 25))
        _, count = self.new_client(project="empty " + self.project).queues(with_count=True)
        self.assertIsNone(count)

    def test_details(self):
        self.client.queue("queue-01").metadata({"colour": "green"})
        queues, count = self.client.queues(limit=2, detailed=True)
        self.assertIsNone(count)
        first, second = queues
        self.assertEqual((first.name, first.href), ("queue-00", "/v2/queues/queue-00"))
        self.assertEqual(first.metadata_dict, DEFAULTS)
        self.assertEqual(second.metadata_dict, DEFAULTS | {"colour": "green"})

    def test_a_stream_keeps_to_the_details(self):
        queues, _ = self.client.queues(limit=10, detailed=True)
        self.assertEqual([q._metadata for q in queues.stream()], [DEFAULTS] * 25)

    def test_limits(self):
        for limit in 0, -1, 21, "many":
            with self.subTest(limit=limit), self.assertRaises(refusal.MalformedRequest):
                self.client.queues(limit=limit)


class Contents(TestCase):

    def setUp(self):
        super().setUp()
        self.queue = self.client.queue("fruit")

    def test_stats_of_nothing(self):
        nothing = {"messages": {"claimed": 0, "free": 0, "total": 0}}
        self.assertEqual(self.queue.stats, nothing)
        self.client.queue("fruit", force_create=True)
        self.assertEqual(self.queue.stats, nothing)

    def test_stats(self):
        first, *_, last = self.post(self.queue, "apple", "pear", "plum")
        self.queue.claim(ttl=60, grace=60, limit=2)
        stats = self.queue.stats["messages"]
        for message, which in (first, "oldest"), (last, "newest"):
            told = stats.pop(which)
            self.assertRecent(told["age"])
            self.assertRegex(told["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            self.assertEqual(told["href"], "/v2/queues/fruit/messages/" + message)
        self.assertEqual(stats, {"claimed": 2, "free": 1, "total": 3})

    def test_purge(self):
        queue = self.create("fruit", {"colour": "green"})
        for types in None, ["messages"], ["messages", "subscriptions"]:
            with self.subTest(types=types):
                self.post(queue, *range(30))
                claim = queue.claim(ttl=60, grace=60, limit=5)
                queue.purge(types)
                self.assertEqual(queue.stats["messages"]["total"], 0)
                with self.refused(refusal.ResourceNotFound, "does not exist|not exist"):
                    queue.claim(id=claim.id).age
        self.assertEqual(queue.metadata(), DEFAULTS | {"colour": "green"})

    def test_purge_of_something_else(self):
        self.post(self.queue, "apple")
        with self.refused(refusal.MalformedRequest, "Code: 400. Title: Invalid"):
            self.queue.purge(["everything"])
        self.assertEqual(self.queue.stats["messages"]["total"], 1)
