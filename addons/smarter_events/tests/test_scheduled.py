from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from ..models import smarter_backfill
from .common_capture import CaptureCase


@tagged("post_install", "-at_install")
class TestScheduled(CaptureCase):
    """The scheduled actions as Odoo runs them, by their records."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana = cls.user_env()["res.partner"].create(
            {
                "name": "Ana",
                "phone": "1",
                "vat": "12345678-5",
                "country_id": cls.env.ref("base.cl").id,
                "l10n_cl_sii_taxpayer_type": "1",
                "email": "ana@ana.example",
                "street": "Uno 1",
            }
        )
        cls.next_transaction()
        cls.clear_events()

    def run_action(self, name):
        errors = self.assertNoLogs("odoo.addons.base.models.ir_cron", "ERROR")
        with errors, self.enter_registry_test_mode():
            self.env.ref(f"smarter_events.ir_cron_{name}").method_direct_trigger()
        self.env.invalidate_all()

    def make_old(self, state):
        self.ana.phone = "2"
        self.env.cr.flush()
        self.env.cr.execute("UPDATE smarter_event SET occurred_at = '2020-01-01'")
        self.env.cr.execute("UPDATE smarter_delivery SET state = %s", [state])

    def test_the_daily_action_tells_of_overdue_invoices_once(self):
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.ana.id,
                "invoice_date": "2020-01-02",
                "invoice_line_ids": [Command.create({"name": "x", "price_unit": 1000})],
            }
        )
        invoice.action_post()
        invoice.invoice_date_due = "2020-01-31"
        for _ in range(2):
            self.run_action("overdue")
        self.event("invoice.overdue", invoice)

    def test_a_backfill_is_worked_off_in_batches(self):
        subscription = self.subscribe("contact.*")
        request = self.env["smarter.backfill"].create({"subscription_id": subscription})
        count = self.env["res.partner"].with_context(active_test=False).search_count([])
        with patch.object(smarter_backfill, "BATCH", 5):
            self.run_action("backfill")
        self.assertEqual((request.state, request.captured), ("done", count))
        self.assertEqual(self.types(), ["contact.updated"] * count)

    def test_the_daily_action_forgets_old_delivered_events(self):
        self.make_old("delivered")
        self.run_action("purge")
        self.assertEqual(self.types(), [])

    def test_the_daily_action_keeps_dead_events(self):
        self.make_old("dead")
        self.run_action("purge")
        self.assertEqual(self.types(), ["contact.updated"])

    def test_the_daily_action_tells_the_person_in_charge_of_dead_deliveries(self):
        self.make_old("dead")
        self.run_action("dead_letters")
        subscription = self.env["smarter.subscription"].browse(self.everything)
        self.assertEqual(len(subscription.activity_ids), 1)
