from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common_ui import SubscriptionCase

MODELS = (
    "smarter.subscription",
    "smarter.event",
    "smarter.delivery",
    "smarter.backfill",
    "smarter.event.type",
    "smarter.outbox.state",
    "smarter.replay",
    "smarter.key.dialog",
)


@tagged("post_install", "-at_install")
class TestSecurity(SubscriptionCase):
    def test_every_model_with_a_table_has_rights_and_a_rule(self):
        names = [model for model in self.env if model.startswith("smarter.")]
        ours = [name for name in names if self.env[name]._original_module == "smarter_events"]
        for name in ours:
            model = self.env["ir.model"]._get(name)
            if self.env[name]._abstract:
                continue
            self.assertTrue(model.access_ids, name)
            if name != "smarter.key.dialog":  # it stores nothing
                self.assertTrue(model.rule_ids, name)

    def test_without_a_role_nothing_is_seen(self):
        nobody = self.user()
        for name in MODELS:
            with self.subTest(model=name), self.assertRaises(AccessError):
                self.env[name].with_user(nobody).search([])

    def test_every_role_sees_what_its_company_sent(self):
        delivery = self.enqueue(self.subscribe())
        for person in (self.viewer, self.member, self.admin, self.owner):
            seen = self.env["smarter.delivery"].with_user(person).search([])
            self.assertIn(delivery, seen)
            self.assertIn(delivery.event_id, seen.event_id)

    def test_what_another_company_sent_is_never_seen(self):
        theirs = self.subscribe(company_id=self.other_company.id)
        delivery = self.enqueue(theirs, company_id=self.other_company.id)
        for person in (self.viewer, self.member, self.admin, self.owner):
            for record in (theirs, delivery, delivery.event_id):
                with self.subTest(person=person.login, model=record._name):
                    found = record.with_user(person).search([("id", "=", record.id)])
                    self.assertFalse(found)
                    with self.assertRaises(AccessError):
                        record.with_user(person).check_access("read")

    def test_what_another_company_sent_is_not_counted(self):
        everyones = self.subscribe(company_id=False)
        self.enqueue(everyones, company_id=self.other_company.id)
        self.assertEqual(everyones.with_user(self.viewer).pending_count, 0)

    def test_shared_records_are_seen_by_all(self):
        delivery = self.enqueue(self.subscribe(), company_id=None)
        self.assertIn(delivery, self.env["smarter.delivery"].with_user(self.viewer).search([]))

    def test_nobody_replays_for_another_company(self):
        theirs = self.subscribe(company_id=self.other_company.id)
        delivery = self.dead_delivery(theirs, company_id=self.other_company.id)
        with self.assertRaises(AccessError):
            delivery.with_user(self.owner).action_replay()
        delivery.with_user(self.everywhere).with_context(
            allowed_company_ids=self.everywhere.company_ids.ids
        ).action_replay()
        self.assertEqual(delivery.state, "pending")

    def test_administrators_subscribe_and_others_do_not(self):
        values = {"name": "Nueva", "url": "https://a.cl/x", "company_id": self.company.id}
        for person in (self.admin, self.owner):
            self.assertTrue(self.env["smarter.subscription"].with_user(person).create(values))
        for person in (self.viewer, self.member):
            with self.subTest(person=person.login), self.assertRaises(AccessError):
                self.env["smarter.subscription"].with_user(person).create(values)

    def test_others_press_no_button_of_a_subscription(self):
        subscription = self.subscribe().with_user(self.member)
        for name in ("action_send_test", "action_enable", "action_backfill", "action_renew_key"):
            with self.subTest(button=name), self.assertRaises(AccessError):
                getattr(subscription, name)()

    def test_nobody_subscribes_for_another_company(self):
        values = {"name": "Ajena", "url": "https://a.cl/x", "company_id": self.other_company.id}
        with self.assertRaises(AccessError):
            self.env["smarter.subscription"].with_user(self.admin).create(values)

    def test_nobody_moves_a_subscription_into_another_company(self):
        subscription = self.subscribe().with_user(self.admin)
        for company_id in (self.other_company.id, False):
            with self.subTest(company=company_id), self.assertRaises(AccessError):
                subscription.company_id = company_id
                subscription.flush_recordset()

    def test_nobody_asks_for_the_records_of_every_company(self):
        everyones = self.subscribe(company_id=False)
        requests = self.env["smarter.backfill"].with_user(self.admin)
        with self.assertRaises(AccessError):
            requests.create({"subscription_id": everyones.id})
        mine = self.subscribe().id
        self.assertTrue(requests.create({"subscription_id": mine, "company_id": self.company.id}))

    def test_the_connectors_group_opens_no_model(self):
        connector = new_test_user(
            self.env, "conector", "base.group_portal,smarter_events.group_connector"
        )
        for name in MODELS:
            with self.subTest(model=name), self.assertRaises(AccessError):
                self.env[name].with_user(connector).search([])
