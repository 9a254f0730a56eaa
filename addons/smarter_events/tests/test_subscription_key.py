from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from smarter_domain.events import SigningKey

from .common_ui import SubscriptionCase


@tagged("post_install", "-at_install")
class TestSubscriptionKey(SubscriptionCase):
    def test_a_signed_subscription_is_born_with_a_key(self):
        [(secret, is_open)] = self.keys(self.subscribe())
        self.assertTrue(is_open)
        self.assertEqual(SigningKey.from_text(secret).text, secret)

    def test_what_has_a_token_of_its_own_gets_no_key(self):
        subscription = self.subscribe(target="warehouse", url=False)
        self.assertFalse(self.keys(subscription))
        with self.assertRaisesRegex(UserError, "no signing key"):
            subscription.action_renew_key()

    def test_renewing_shows_the_key_once_and_keeps_the_old_one_for_a_day(self):
        subscription = self.subscribe().with_user(self.owner)
        [(old, _open)] = self.keys(subscription)
        shown = subscription.action_renew_key()["context"]["default_key"]
        self.assertEqual(self.keys(subscription), [(shown, True), (old, False)])
        self.assertTrue(subscription.old_key_expires_at > subscription.key_created_at)

    def test_the_connector_gets_both_keys_while_they_overlap(self):
        subscription = self.subscribe()
        new = subscription._renew_key().text
        self.enqueue(subscription)
        claimed = subscription._call_protocol("claim", {"subscriptions": subscription.ids})
        [handed] = [one["keys"] for one in claimed["subscriptions"]]
        self.assertEqual((len(handed), handed[0]), (2, new))

    def test_the_dialog_stores_nothing(self):
        dialog = self.env["smarter.key.dialog"].with_user(self.owner)
        dialog = dialog.with_context(default_key="whsec_AAAA").create({})
        self.assertEqual(dialog.key, "whsec_AAAA")
        self.env.invalidate_all()
        self.assertFalse(dialog.with_context(default_key=False).key)

    def test_no_model_maps_the_table_of_keys(self):
        tables = {model._table for model in self.env.values()}
        self.assertNotIn("smarter_subscription_key", tables)

    def test_nothing_readable_of_a_subscription_holds_its_key(self):
        subscription = self.subscribe().with_user(self.owner)
        self.assertNotIn("whsec_", repr(subscription.read()))

    def test_only_the_owner_renews_a_key(self):
        for person in (self.viewer, self.member, self.admin):
            with self.subTest(person=person.login), self.assertRaises(AccessError):
                self.subscribe().with_user(person).action_renew_key()

    def test_a_copy_gets_a_key_of_its_own(self):
        subscription = self.subscribe()
        [(mine, _open)] = self.keys(subscription)
        [(copied, _open)] = self.keys(subscription.copy())
        self.assertNotEqual(mine, copied)
