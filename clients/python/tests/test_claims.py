"""Claims: taking messages, working on them, giving them back."""

import threading

from zaqarclient.transport import errors as refusal

from fixture import TestCase, bodies


class Claims(TestCase):

    def setUp(self):
        super().setUp()
        self.queue = self.client.queue("work")
        self.ids = self.post(self.queue, *range(5))

    def test_create(self):
        claim = self.queue.claim(ttl=777, grace=23 + 37, limit=2)
        messages = list(claim)
        self.assertEqual([(m.id, m.body) for m in messages], list(zip(self.ids, range(2))))
        self.assertEqual([m.claim_id for m in messages], [claim.id] * 2)
        self.assertEqual([m.ttl for m in messages], [837] * 2)
        for message in messages:
            self.assertEqual(message.href, f"/v2/queues/work/messages/{message.id}?claim_id={claim.id}")
        self.assertEqual(self.queue.stats["messages"]["claimed"], 2)

    def test_a_claim_takes_ten(self):
        self.post(self.queue, *range(5, 25))
        self.assertEqual(bodies(self.queue.claim(ttl=60, grace=60)), list(range(10)))
        self.assertEqual(bodies(self.queue.claim(ttl=60, grace=60, limit=20)), list(range(10, 25)))

    def test_nothing_to_claim(self):
        self.queue.claim(ttl=60, grace=60)
        for queue in self.queue, self.client.queue("missing"):
            claim = queue.claim(ttl=60, grace=60)
            self.assertIsNone(claim.id)
            self.assertEqual(list(claim), [])

    def test_the_client_sends_nulls_for_what_it_is_not_told(self):
        for spans in {}, {"ttl": 60}, {"grace": 60}:
            with self.subTest(spans=spans), self.assertRaises(refusal.MalformedRequest):
                self.queue.claim(**spans)
        self.assertEqual(self.queue.stats["messages"]["claimed"], 0)

    def test_refused(self):
        for spans, text in (
                ({"ttl": 59, "grace": 60}, "The TTL for a claim"),
                ({"ttl": 43201, "grace": 60}, "The TTL for a claim"),
                ({"ttl": 60, "grace": 59}, "The grace for a claim"),
                ({"ttl": 60, "grace": 43201}, "The grace for a claim"),
                ({"ttl": 60, "grace": 60, "limit": 0}, "Limit must be at least 1"),
                ({"ttl": 60, "grace": 60, "limit": 21}, "Limit must be at least 1"),
        ):
            with self.subTest(spans=spans), self.refused(refusal.MalformedRequest, text):
                self.queue.claim(**spans)

    def test_query(self):
        made = self.queue.claim(ttl=120, grace=60, limit=3)
        claim = self.queue.claim(id=made.id)
        self.assertEqual((claim.ttl, bodies(claim)), (120, [0, 1, 2]))
        self.assertRecent(claim.age)
        list(made)[1].delete()
        self.assertEqual(bodies(self.queue.claim(id=made.id)), [0, 2])

    def test_update(self):
        made = self.queue.claim(ttl=120, grace=60, limit=1)
        made.update(ttl=600, grace=300)
        claim = self.queue.claim(id=made.id)
        self.assertEqual((made.ttl, claim.ttl), (600, 600))
        self.assertRecent(claim.age)
        self.assertEqual([m.ttl for m in claim], [900])
        made.update(grace=60)
        self.assertEqual(self.queue.claim(id=made.id).ttl, 300)

    def test_release(self):
        claim = self.queue.claim(ttl=60, grace=60, limit=2)
        first, second = claim
        claim.delete()
        self.assertEqual(bodies(self.queue.messages(echo=True)), list(range(5)))
        for use in lambda: self.queue.claim(id=claim.id).ttl, lambda: claim.update(ttl=60), lambda: claim.age:
            with self.refused(refusal.ResourceNotFound, "Title: Not found"):
                use()
        with self.refused(refusal.MalformedRequest, "Title: Unable to delete"):
            first.delete()
        self.assertEqual(bodies(self.queue.claim(ttl=60, grace=60)), list(range(5)))
        claim.delete()

    def test_deleting_what_is_claimed(self):
        mine, = self.queue.claim(ttl=60, grace=60, limit=1)
        other, = self.queue.claim(ttl=60, grace=60, limit=1)
        bare = self.queue.message(mine.id)
        bare.href = bare.href.split("?")[0]
        with self.refused(refusal.ForbiddenError, "it cannot be deleted without a valid claim ID"):
            bare.delete()
        bare.href += "?claim_id=" + other.claim_id
        with self.refused(refusal.ForbiddenError, "Title: Unable to delete"):
            bare.delete()
        bare.href = f"/v2/queues/work/messages/{self.ids[3]}?claim_id={mine.claim_id}"
        bare.id = self.ids[3]
        with self.refused(refusal.MalformedRequest, "the message is not currently claimed"):
            bare.delete()
        mine.delete()
        self.assertEqual(bodies(self.queue.messages(echo=True, include_claimed=True)), [1, 2, 3, 4])

    def test_dead_letters(self):
        queue = self.create("risky", {"_max_claim_count": 2, "_dead_letter_queue": "dead",
                                      "_dead_letter_queue_messages_ttl": 120})
        (dead_id,) = self.post(queue, "poison")
        for _ in range(2):
            claim = queue.claim(ttl=60, grace=60)
            self.assertEqual(bodies(claim), ["poison"])
            claim.delete()
        self.assertEqual(list(queue.claim(ttl=60, grace=60)), [])
        self.assertEqual(queue.stats["messages"]["total"], 0)
        dead, = self.client.queue("dead").messages(echo=True, include_claimed=True)
        self.assertEqual((dead.id, dead.body, dead.ttl), (dead_id, "poison", 120))


class Workers(TestCase):

    def test_each_message_is_worked_on_once(self):
        queue = self.client.queue("work")
        for first in range(0, 200, 20):
            self.post(queue, *range(first, first + 20))
        done, trouble = [], []

        def work(mine):
            try:
                while messages := list(mine.claim(ttl=60, grace=60, limit=7)):
                    for message in messages:
                        done.append(message.body)
                        message.delete()
            except Exception as e:
                trouble.append(e)

        workers = [threading.Thread(target=work, args=(self.new_client().queue("work"),)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(trouble, [])
        self.assertEqual(sorted(done), list(range(200)))
        self.assertEqual(queue.stats["messages"]["total"], 0)
