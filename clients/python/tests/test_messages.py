"""Messages: posting, reading, deleting and popping them."""

from zaqarclient.transport import errors as refusal

from fixture import TestCase, bodies


class Posting(TestCase):

    def setUp(self):
        super().setUp()
        self.queue = self.client.queue("fruit")

    def test_posting_makes_the_queue(self):
        self.queue.post({"body": "apple", "ttl": 60})
        self.assertEqual(self.names(), ["fruit"])

    def test_a_message(self):
        message = self.queue.message(*self.post(self.queue, {"name": "apple"}))
        self.assertEqual(message.body, {"name": "apple"})
        self.assertEqual(message.href, "/v2/queues/fruit/messages/" + message.id)
        self.assertEqual((message.ttl, message.claim_id, message.claim_count, message.checksum), (300, None, 0, None))
        self.assertRecent(message.age)

    def test_bodies_come_back_as_they_were(self):
        sent = ["", "äpfel \N{PEAR} \0 \u2028", 0, -2**63, 2**63 - 1, 1e-7, 1.7976931348623157e308, True, None,
                [], {}, [[1], {"b": 1, "a": [None]}], {"ttl": "body", "": ""}, "x" * 100_000]
        self.post(self.queue, *sent)
        got = bodies(self.queue.messages(echo=True, limit=20))
        self.assertEqual(got, sent)
        self.assertEqual([type(b) for b in got], [type(b) for b in sent])

    def test_ttl(self):
        self.queue.post([{"body": "short", "ttl": 60}, {"body": "long", "ttl": 1209600}, {"body": "usual"}])
        self.assertEqual([m.ttl for m in self.queue.messages(echo=True)], [60, 1209600, 3600])
        self.queue.metadata({"_default_message_ttl": 90})
        answer = self.queue.post({"body": "own"})
        self.assertEqual(self.queue.message(answer["resources"][0].split("/")[-1]).ttl, 90)

    def test_refused(self):
        for messages, text in (
                ([], "No messages to enqueu"),
                ({"ttl": 60}, 'Missing "body" field'),
                ({"body": 1, "ttl": 59}, "The TTL for a message"),
                ({"body": 1, "ttl": 1209601}, "The TTL for a message"),
                ({"body": 1, "ttl": "60"}, 'The value of the "ttl" field must be a int'),
                ({"body": 2**63}, "JSON contains integer that is too large"),
                ({"body": "x" * 262144}, "Message collection size is too large"),
        ):
            with self.subTest(text=text), self.refused(refusal.MalformedRequest, text):
                self.queue.post(messages)
        self.assertEqual(self.queue.stats["messages"]["total"], 0)

    def test_far_too_large(self):
        with self.refused(refusal.MalformedRequest, "Message collection size is too large"):
            self.queue.post({"body": "x" * 8_000_000})

    def test_a_bad_message_spoils_the_post(self):
        with self.assertRaises(refusal.MalformedRequest):
            self.queue.post([{"body": "good", "ttl": 60}, {"body": "bad", "ttl": 1}])
        self.assertEqual(self.queue.stats["messages"]["total"], 0)

    def test_delay(self):
        queue = self.create("later", {"_default_message_delay": 600})
        queue.post([{"body": "now", "delay": 0}, {"body": "usual"}, {"body": "later", "delay": 900}])
        self.assertEqual(bodies(queue.messages(echo=True)), ["now"])
        self.assertEqual(sorted(bodies(queue.messages(echo=True, include_delayed=True))), ["later", "now", "usual"])
        self.assertEqual(bodies(queue.claim(ttl=60, grace=60)), ["now"])


class Listing(TestCase):

    def setUp(self):
        super().setUp()
        self.queue = self.client.queue("numbers")
        self.all = list(range(45))
        self.ids = self.post(self.queue, *self.all)
        self.other = self.new_client().queue("numbers")

    def test_own_messages_are_left_out_unless_asked_for(self):
        self.assertEqual(bodies(self.queue.messages()), [])
        self.assertEqual(bodies(self.queue.messages(echo=False).stream()), [])
        self.assertEqual(bodies(self.queue.messages(echo=True)), self.all[:10])
        self.assertEqual(bodies(self.other.messages()), self.all[:10])

    def test_a_page(self):
        page = list(self.other.messages(limit=20))
        self.assertEqual([(m.id, m.body) for m in page], list(zip(self.ids, self.all))[:20])
        for message in page:
            self.assertEqual(message.href, "/v2/queues/numbers/messages/" + message.id)
            self.assertEqual((message.ttl, message.claim_id), (300, None))

    def test_a_stream_follows_the_links(self):
        for limit in 1, 7, 15, 20:
            with self.subTest(limit=limit):
                self.assertEqual(bodies(self.other.messages(limit=limit).stream()), self.all)

    def test_a_stream_sees_what_is_posted_meanwhile(self):
        stream = self.other.messages(limit=20).stream()
        got = [next(stream).body for _ in self.all]
        self.post(self.queue, "more")
        self.assertEqual(got + bodies(stream), self.all + ["more"])

    def test_a_marker_outlives_its_message(self):
        page = self.other.messages(limit=5)
        marker = page._links[0]["href"].rsplit("marker=", 1)[1].split("&")[0]
        self.queue.delete_messages(*self.ids[:8])
        self.assertEqual(bodies(self.other.messages(marker=marker, limit=3)), self.all[8:11])
        self.assertEqual(bodies(self.other.messages(marker="nonsense")), [])

    def test_claimed_messages_are_left_out_unless_asked_for(self):
        claim = self.other.claim(ttl=60, grace=60, limit=5)
        self.assertEqual(bodies(self.other.messages(limit=2)), self.all[5:7])
        page = list(self.other.messages(include_claimed=True))
        self.assertEqual([m.claim_id for m in page], [claim.id] * 5 + [None] * 5)
        self.assertEqual(bodies(self.other.messages(include_claimed=True).stream()), self.all)

    def test_by_id(self):
        wanted = [self.ids[n] for n in (3, 1, 44)]
        got = list(self.queue.messages(*wanted))
        self.assertEqual(sorted(m.id for m in got), sorted(wanted))
        self.assertEqual(sorted(m.body for m in got), [1, 3, 44])
        self.assertEqual(bodies(self.queue.messages(self.ids[7], "unknown")), [7])
        with self.refused(refusal.ResourceNotFound, "Title: Not found"):
            self.queue.messages("unknown", "unknown-too")
        with self.assertRaises(refusal.ResourceNotFound):
            self.queue.message("unknown")
        with self.refused(refusal.MalformedRequest, "Limit must be at least 1 and may not be greater than 20"):
            self.queue.messages(*self.ids[:21])

    def test_limits(self):
        for limit in 0, -1, 21, "many":
            with self.subTest(limit=limit), self.assertRaises(refusal.MalformedRequest):
                self.queue.messages(limit=limit)


class Removing(TestCase):

    def setUp(self):
        super().setUp()
        self.queue = self.client.queue("fruit")
        self.ids = self.post(self.queue, "apple", "pear", "plum", "quince")

    def left(self):
        return bodies(self.queue.messages(echo=True, include_claimed=True))

    def test_delete_one(self):
        message = self.queue.message(self.ids[1])
        message.delete()
        self.assertEqual(self.left(), ["apple", "plum", "quince"])
        with self.refused(refusal.ResourceNotFound, "Title: Not found"):
            self.queue.message(self.ids[1])
        message.delete()

    def test_delete_many(self):
        self.queue.delete_messages(self.ids[3], self.ids[0], "unknown")
        self.assertEqual(self.left(), ["pear", "plum"])
        self.queue.delete_messages(*self.ids)
        self.assertEqual(self.left(), [])

    def test_pop(self):
        popped = list(self.queue.pop())
        self.assertEqual([(m.id, m.body, m.ttl) for m in popped], [(self.ids[0], "apple", 300)])
        self.assertRecent(popped[0].age)
        self.assertEqual(bodies(self.queue.pop(20)), ["pear", "plum", "quince"])
        self.assertEqual(bodies(self.queue.pop(2)), [])
        self.assertEqual(bodies(self.client.queue("missing").pop()), [])

    def test_pop_leaves_claimed_messages(self):
        self.queue.claim(ttl=60, grace=60, limit=2)
        self.assertEqual(bodies(self.queue.pop(20)), ["plum", "quince"])
        self.assertEqual(self.left(), ["apple", "pear"])

    def test_limits(self):
        for count in 0, -1, 21:
            with self.subTest(count=count), self.assertRaises(refusal.MalformedRequest):
                self.queue.pop(count)
        self.assertEqual(len(self.left()), 4)
