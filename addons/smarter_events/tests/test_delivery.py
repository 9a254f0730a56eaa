from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_ui import SubscriptionCase


@tagged("post_install", "-at_install")
class TestDelivery(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscription = cls.subscribe()

    def test_a_dead_delivery_is_tried_again_under_its_own_id(self):
        delivery = self.dead_delivery(self.subscription)
        webhook_id = delivery.webhook_id
        delivery.with_user(self.admin).action_replay()
        self.assertRecordValues(
            delivery, [{"state": "pending", "attempts": 0, "webhook_id": webhook_id, "replay": 0}]
        )

    def test_a_delivered_one_is_sent_anew_under_a_new_id(self):
        delivery = self.enqueue(self.subscription)
        self.settle(delivery, "delivered", status="200")
        delivery.with_user(self.admin).action_replay()
        again = delivery.event_id.delivery_ids - delivery
        self.assertRecordValues(again, [{"state": "pending", "replay": 1}])
        self.assertNotEqual(again.webhook_id, delivery.webhook_id)

    def test_what_is_on_its_way_is_not_sent_again(self):
        delivery = self.enqueue(self.subscription)
        with self.assertRaisesRegex(UserError, "on their way"):
            delivery.action_replay()

    def test_an_event_that_was_never_built_is_built_before_it_is_tried_again(self):
        partner = self.env["res.partner"].create({"name": "Juana Soto"})
        delivery = self.enqueue(
            self.subscription,
            type="contact.updated",
            res_id=partner.id,
            aggregate=f"res.partner/{partner.id}",
            data={},
            state="dead",
            error="KeyError",
        )
        delivery.with_user(self.admin).action_replay()
        self.assertEqual((delivery.state, delivery.event_state), ("pending", "ready"))
        self.assertEqual(delivery.event_id.data["name"], "Juana Soto")

    def test_an_event_that_cannot_be_built_stays_dead_and_says_so(self):
        for gone in ({"model": "no.such.model"}, {"model": "res.partner", "res_id": 2**31 - 1}):
            delivery = self.enqueue(self.subscription, type="contact.updated", state="dead", **gone)
            answer = delivery.with_user(self.admin).action_replay()
            self.assertEqual(answer["params"]["type"], "warning")
            self.assertEqual(delivery.state, "dead")

    def test_an_event_whose_figures_fail_again_stays_dead_with_the_new_reason(self):
        partner = self.env["res.partner"].create({"name": "Juana Soto"})
        delivery = self.enqueue(
            self.subscription,
            type="contact.updated",
            res_id=partner.id,
            aggregate=f"res.partner/{partner.id}",
            state="dead",
            error="what failed before",
        )
        self.env.cr.execute("ALTER TABLE res_partner_category RENAME active TO gone")
        answer = delivery.with_user(self.admin).action_replay()
        self.assertEqual(answer["params"]["type"], "warning")
        self.assertEqual((delivery.state, delivery.event_state), ("dead", "dead"))
        self.assertIn("active", delivery.event_error)

    def test_a_selection_says_how_many_of_each_it_sent(self):
        done = self.enqueue(self.subscription)
        self.settle(done, "delivered", status="200")
        chosen = done + self.dead_delivery(self.subscription) + self.enqueue(self.subscription)
        message = chosen.with_user(self.admin).action_replay()["params"]["message"]
        self.assertEqual(message, "1 tried again, 1 sent anew.")

    def test_a_range_reaches_its_own_subscription_and_time_only(self):
        other = self.subscribe(name="Otra")
        mine, theirs = self.dead_delivery(self.subscription), self.dead_delivery(other)
        wizard = self.env["smarter.replay"].with_user(self.admin)
        values = {"subscription_id": self.subscription.id}
        old = wizard.create(values | {"until": fields.Datetime.now() - timedelta(hours=1)})
        self.assertEqual(old.count, 0)
        now = wizard.create(values | {"until": fields.Datetime.now() + timedelta(hours=1)})
        now.action_replay()
        self.assertEqual((mine + theirs).mapped("state"), ["pending", "dead"])

    def test_a_range_that_ends_before_it_begins_is_refused(self):
        now = fields.Datetime.now()
        wizard = self.env["smarter.replay"].create(
            {"subscription_id": self.subscription.id, "since": now, "until": now}
        )
        with self.assertRaisesRegex(UserError, "before it begins"):
            wizard.action_replay()

    def test_only_administrators_replay(self):
        delivery = self.dead_delivery(self.subscription)
        for person in (self.viewer, self.member):
            with self.subTest(person=person.login), self.assertRaises(AccessError):
                delivery.with_user(person).action_replay()
        self.assertEqual(delivery.state, "dead")

    def test_nobody_writes_a_delivery_or_an_event(self):
        delivery = self.enqueue(self.subscription)
        for record in (delivery, delivery.event_id):
            with self.assertRaises(AccessError):
                record.with_user(self.everywhere).write({"company_id": False})
            with self.assertRaises(AccessError):
                record.with_user(self.everywhere).unlink()

    def test_latency_counts_from_the_event_to_the_answer(self):
        delivery = self.enqueue(self.subscription)
        self.settle(delivery, "delivered", status="200")
        seconds = (delivery.delivered_at - delivery.occurred_at).total_seconds()
        self.assertAlmostEqual(delivery.latency, seconds, places=3)
        self.assertFalse(delivery.next_try_at)

    def test_the_record_is_opened_by_who_may_read_it(self):
        delivery = self.enqueue(self.subscription)
        action = delivery.with_user(self.viewer).action_open_record()
        self.assertEqual(action["res_id"], self.company.partner_id.id)

    def test_a_record_that_is_gone_says_so(self):
        delivery = self.enqueue(self.subscription, res_id=2**31 - 1)
        self.assertFalse(delivery.can_open_record)
        with self.assertRaisesRegex(UserError, "no longer exists"):
            delivery.action_open_record()

    def test_what_was_sent_and_answered_is_shown_to_administrators_alone(self):
        delivery = self.enqueue(self.subscription)
        for person in (self.admin, self.owner):
            self.assertIn("S00001", delivery.with_user(person).payload)
        for record, name in ((delivery, "payload"), (delivery, "last_answer")):
            self.refuse_reading(record, name)
        for name in ("data", "previous", "payload", "previous_payload"):
            self.refuse_reading(delivery.event_id, name)

    def refuse_reading(self, record, name):
        for person in (self.viewer, self.member):
            with self.subTest(person=person.login, field=name), self.assertRaises(AccessError):
                record.with_user(person).read([name])
            self.assertNotIn(name, record.with_user(person).read()[0])

    def test_the_result_is_told_in_the_readers_words(self):
        self.env["res.lang"]._activate_lang("es_CL")
        delivery = self.enqueue(self.subscription)
        for code, spanish in (("written", "Escrito"), ("dns", "Servidor desconocido")):
            self.settle(delivery, "retry", status=code, retry_in=0)
            read = delivery.with_user(self.viewer).with_context(lang="es_CL")
            self.assertEqual(read.result, spanish)

    def test_a_status_of_http_is_shown_as_it_is(self):
        delivery = self.enqueue(self.subscription)
        self.settle(delivery, "delivered", status="204")
        self.assertEqual(delivery.with_user(self.viewer).result, "204")

    def test_dead_deliveries_are_told_once_until_resolved(self):
        self.subscription.user_id = self.admin
        delivery = self.dead_delivery(self.subscription)
        for _day in range(2):
            self.env["smarter.subscription"]._cron_dead_letters()
        self.assertRecordValues(self.subscription.activity_ids, [{"user_id": self.admin.id}])
        delivery.action_replay()
        self.env["smarter.subscription"]._cron_dead_letters()
        self.assertFalse(self.subscription.activity_ids)

    def test_without_a_person_in_charge_somebody_is_told_all_the_same(self):
        self.subscription.user_id = False
        self.dead_delivery(self.subscription)
        self.env["smarter.subscription"]._cron_dead_letters()
        self.assertTrue(self.subscription.activity_ids.user_id)
