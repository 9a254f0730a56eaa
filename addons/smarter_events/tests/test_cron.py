import json
from datetime import date, datetime, timedelta

from psycopg2.errors import LockNotAvailable, SerializationFailure

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..capture.standstill import hold_still
from .common_capture import CaptureCase


@tagged("post_install", "-at_install")
class TestCron(CaptureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana = cls.user_env()["res.partner"].create(
            {
                "name": "Ana",
                "vat": "12345678-5",
                "country_id": cls.env.ref("base.cl").id,
                "l10n_cl_sii_taxpayer_type": "1",
                "email": "ana@ana.example",
                "street": "Uno 1",
            }
        )
        cls.invoice = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.ana.id,
                "invoice_date": date(2026, 1, 2),
                "invoice_date_due": date(2026, 1, 31),
                "invoice_line_ids": [Command.create({"name": "x", "price_unit": 1000})],
            }
        )
        cls.invoice.action_post()
        cls.moves = cls.env["account.move"]
        cls.next_transaction()
        cls.clear_events()

    def test_an_invoice_is_overdue_the_day_after_and_once(self):
        due = self.invoice.invoice_date_due
        self.assertEqual(self.moves._smarter_tell_overdue(due), 0)
        self.assertEqual(self.moves._smarter_tell_overdue(due + timedelta(days=1)), 1)
        self.assertEqual(self.moves._smarter_tell_overdue(due + timedelta(days=2)), 0)
        data = self.event("invoice.overdue", self.invoice)["data"]
        self.assertEqual(data["residual"], data["total"])

    def test_a_new_due_date_may_be_missed_again(self):
        self.moves._smarter_tell_overdue(date(2026, 3, 1))
        self.invoice.invoice_date_due = date(2026, 3, 15)
        self.assertEqual(self.moves._smarter_tell_overdue(date(2026, 3, 16)), 1)

    def test_nobody_wants_overdue_so_nothing_is_marked(self):
        self.env.cr.execute("UPDATE smarter_subscription SET patterns = 'order.*'")
        self.env["smarter.outbox"]._forget_watches()
        self.assertEqual(self.moves._smarter_tell_overdue(date(2026, 3, 1)), 0)
        self.assertFalse(self.invoice.smarter_overdue_for)

    def backfill(self, patterns):
        subscription = self.subscribe(patterns)
        request = self.env["smarter.backfill"].create({"subscription_id": subscription})
        while request._step():
            pass
        return request

    def test_a_backfill_captures_again_for_its_subscription_alone(self):
        request = self.backfill("invoice.*")
        self.assertEqual((request.state, request.captured), ("done", len(self.types())))
        self.event("invoice.posted", self.invoice)
        takers = set(self.deliveries("subscription_id"))
        self.assertEqual(takers, {(request.subscription_id.id,)})
        self.assertEqual(set(self.rows("origin")), {("backfill",)})

    def test_a_backfill_sends_every_contact_archived_ones_too(self):
        self.ana.action_archive()
        self.clear_events()
        self.backfill("contact.*")
        self.assertFalse(self.event("contact.updated", self.ana)["data"]["active"])
        count = self.env["res.partner"].with_context(active_test=False).search_count([])
        self.assertEqual(len(self.types()), count)

    def test_a_backfill_without_an_active_subscription_fails_and_says_so(self):
        subscription = self.subscribe("*", active=False)
        request = self.env["smarter.backfill"].create({"subscription_id": subscription})
        self.assertFalse(request._step())
        self.assertEqual(request.state, "failed")

    def held(self, record):
        """Try to hold a record still, as a backfill does before it reads."""
        with mute_logger("odoo.sql_db"), self.env.cr.savepoint(flush=False):
            hold_still(self.env, record._name, record.ids)

    def test_a_backfill_reads_nothing_that_somebody_is_changing(self):
        partner = self.env.ref("base.public_partner")
        with self.registry.cursor() as other:
            other.execute("UPDATE res_partner SET color = color WHERE id = %s", [partner.id])
            with self.assertRaises(LockNotAvailable):
                self.held(partner)
            other.rollback()
            self.held(partner)

    def test_a_backfill_reads_nothing_that_was_changed_since_it_began(self):
        country = self.env.ref("base.aq")
        with self.registry.cursor() as other:
            other.execute("UPDATE res_country SET code = code WHERE id = %s", [country.id])
        with self.assertRaises(SerializationFailure):
            self.held(country)

    def test_a_backfill_holds_a_template_still_with_its_variant(self):
        product = self.env["product.product"].search([("create_uid", "=", 1)], limit=1)
        if not product:
            self.skipTest("no committed product")
        with self.registry.cursor() as other:
            query = "SELECT 1 FROM product_template WHERE id = %s FOR NO KEY UPDATE"
            other.execute(query, [product.product_tmpl_id.id])
            with self.assertRaises(LockNotAvailable):
                self.held(product)

    def test_the_batches_of_a_backfill_are_held_still(self):
        partner = self.env.ref("base.public_partner")
        request = self.env["smarter.backfill"].create({"subscription_id": self.everything})
        request.cursor = {"tenant.updated": 10**6}
        with self.registry.cursor() as other:
            other.execute("SELECT 1 FROM res_partner WHERE id = %s FOR UPDATE", [partner.id])
            with self.assertRaises(LockNotAvailable), mute_logger("odoo.sql_db"):
                request._step()

    def test_old_delivered_events_are_forgotten(self):
        self.make_old("delivered")
        self.assertEqual(self.env["smarter.event"]._purge(datetime(2026, 6, 1)), 1)
        self.assertEqual(self.types(), [])

    def test_dead_events_are_never_forgotten(self):
        self.make_old("dead")
        self.assertEqual(self.env["smarter.event"]._purge(datetime(2026, 6, 1)), 0)

    def test_events_on_their_way_are_not_forgotten(self):
        self.make_old("pending")
        self.assertEqual(self.env["smarter.event"]._purge(datetime(2026, 6, 1)), 0)

    def test_notes_are_forgotten_with_their_events(self):
        self.make_old("delivered")
        [(uid,)] = self.rows("uid::text")
        for kind, key in (("note", uid), ("note", "gone"), ("contact", "gone")):
            self.env.cr.execute(
                "INSERT INTO smarter_external_ref (subscription_id, kind, key, value, updated_at)"
                " VALUES (%s, %s, %s, '{}', '2026-01-01')",
                [self.everything, kind, key],
            )
        self.assertEqual(self.env["smarter.event"]._purge_notes(datetime(2025, 6, 1)), 0)
        self.assertEqual(self.env["smarter.event"]._purge_notes(datetime(2026, 6, 1)), 1)
        self.env.cr.execute("SELECT kind, key FROM smarter_external_ref ORDER BY kind")
        self.assertEqual(self.env.cr.fetchall(), [("contact", "gone"), ("note", uid)])

    def disable(self):
        """As the connector does when the target answers 410: workers do not hear of it."""
        self.assertTrue(self.env["smarter.outbox"]._watches())
        document = {"subscription_id": self.everything, "reason": "410"}
        self.env.cr.execute("SELECT smarteros.disable(%s::jsonb)", [json.dumps(document)])
        self.env["smarter.subscription"].invalidate_model()

    def claimed(self):
        self.env.cr.execute("SELECT smarteros.claim('{}')")
        return self.env.cr.fetchone()[0]["deliveries"]

    def test_what_was_captured_after_the_target_was_gone_goes_out_once_it_is_back(self):
        self.env["smarter.outbox"]._release()
        self.disable()
        self.ana.phone = "3"
        self.env.cr.flush()
        self.assertEqual(self.claimed(), [])
        self.env["smarter.subscription"].browse(self.everything).active = True
        types = [delivery["event"]["type"] for delivery in self.claimed()]
        self.assertEqual(types, ["contact.updated"])

    def test_a_disabled_subscription_stops_the_capture_within_a_day(self):
        self.disable()
        self.assertTrue(self.env["smarter.outbox"]._wanted())
        self.env["smarter.subscription"]._cron_dead_letters()
        self.assertEqual(self.env["smarter.outbox"]._wanted(), ())

    def test_the_minimum_stock_is_on_the_page_of_settings(self):
        settings = self.env["res.config.settings"]
        self.assertIn('name="smarter_stock_minimum"', settings.get_view(view_type="form")["arch"])
        settings.create({"smarter_stock_minimum": 12}).execute()
        self.assertEqual(self.company.smarter_stock_minimum, 12)

    def make_old(self, state):
        self.ana.phone = "2"
        self.env.cr.flush()
        self.env.cr.execute("UPDATE smarter_event SET occurred_at = '2026-01-01'")
        self.env.cr.execute("UPDATE smarter_delivery SET state = %s", [state])

    def test_events_are_kept_ninety_days_unless_told_otherwise(self):
        ninety = fields.Datetime.now() - timedelta(days=90)
        self.assertAlmostEqual(
            self.env["smarter.event"]._keep_since(), ninety, delta=timedelta(minutes=1)
        )
        self.env["ir.config_parameter"].set_param("smarter_events.keep_days", "7")
        self.assertGreater(self.env["smarter.event"]._keep_since(), ninety)
