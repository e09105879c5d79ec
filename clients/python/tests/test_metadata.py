"""The metadata of a queue, which the client changes by patches of its own making."""

from zaqarclient.transport import errors as refusal

from fixture import DEFAULTS, TestCase


class Metadata(TestCase):

    def setUp(self):
        super().setUp()
        self.queue = self.client.queue("fruit", force_create=True)

    def test_of_a_new_queue(self):
        self.assertEqual(self.queue.metadata(), DEFAULTS)

    def test_of_a_missing_queue(self):
        self.assertEqual(self.client.queue("missing").metadata(), DEFAULTS)
        with self.refused(refusal.ResourceNotFound, "Title: Not found. Description: Queue missing does not exist"):
            self.client.queue("missing").metadata({"colour": "green"})

    def test_set(self):
        new = {"colour": "green", "weight": 1.5, "of": {"tree": ["apple", None, True]}, "ünder": "ß/~x"}
        self.assertEqual(self.queue.metadata(new), DEFAULTS | new)
        self.assertEqual(self.client.queue("fruit").metadata(), DEFAULTS | new)

    def test_set_replaces_all(self):
        self.queue.metadata({"colour": "green", "taste": "sour"})
        self.assertEqual(self.queue.metadata({"taste": "sweet"}), DEFAULTS | {"taste": "sweet"})
        self.assertEqual(self.queue.metadata({}), DEFAULTS)

    def test_reserved(self):
        new = {"_default_message_ttl": 120, "_default_message_delay": 30, "_max_messages_post_size": 1000}
        self.assertEqual(self.queue.metadata(new), DEFAULTS | new)
        self.assertEqual(self.queue.metadata({}), DEFAULTS)

    def test_the_client_cannot_set_what_is_null(self):
        # It adds the key and then, since it got the key with a null from the
        # broker and did not replace it, removes it again.
        new = {"_dead_letter_queue": "compost", "_max_claim_count": 2, "_dead_letter_queue_messages_ttl": 120}
        self.assertEqual(self.queue.metadata(new), DEFAULTS)

    def test_what_is_null_can_be_set_by_a_patch(self):
        changed = self.patch(
            "fruit",
            {"op": "add", "path": "/metadata/_dead_letter_queue", "value": "compost"},
            {"op": "replace", "path": "/metadata/_max_claim_count", "value": 2})
        self.assertEqual(changed, DEFAULTS | {"_dead_letter_queue": "compost", "_max_claim_count": 2})

    def test_refused(self):
        for new, text in (
                ({"_default_message_ttl": 59}, "Title: Invalid request body. Description: _default_message_ttl can not exceed"),
                ({"_default_message_ttl": "long"}, "_default_message_ttl must be integer"),
                ({"_default_message_delay": 901}, "_default_message_delay can not exceed 900"),
                ({"_max_messages_post_size": 262145}, "_max_messages_post_size can not exceed 262144"),
                ({"large": "x" * 65536}, "Title: Invalid API request"),
        ):
            with self.subTest(new=str(new)[:40]), self.refused(refusal.MalformedRequest, text):
                self.queue.metadata(new)
        self.assertEqual(self.queue.metadata(force_reload=True), DEFAULTS)

    def test_replacing_what_is_not_there(self):
        with self.refused(refusal.ConflictError, "Title: Resource conflict. Description: Can't replace non-existent object k"):
            self.patch("fruit", {"op": "replace", "path": "/metadata/k", "value": 1})

    def test_the_client_keeps_what_it_has_seen(self):
        self.queue.metadata()
        self.new_client().queue("fruit").metadata({"colour": "green"})
        self.assertEqual(self.queue.metadata(), DEFAULTS)
        self.assertEqual(self.queue.metadata(force_reload=True), DEFAULTS | {"colour": "green"})
