from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from smarter_domain.plans import Limit

from .common import SmarterCase


@tagged("post_install", "-at_install")
class TestUsage(SmarterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.user("smarter_base.group_owner")
        cls.usages = cls.env["smarter.usage"]

    def usage(self, code):
        self.usages.invalidate_model()
        return self.usages.with_user(self.owner).search([("code", "=", code)])

    def invoice(self, day, document="33", state="posted", move_type="out_invoice"):
        """Store an invoice; what decides of it is written as Odoo stores it."""
        move = self.env["account.move"].create({"move_type": "entry"})
        types = self.env["l10n_latam.document.type"].with_context(active_test=False)
        document = types.search([("code", "=", document), ("country_id", "=", self.chile.id)])[0]
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move SET state = %s, move_type = %s, invoice_date = %s,"
            " l10n_latam_document_type_id = %s WHERE id = %s",
            [state, move_type, day, document.id, move.id],
        )
        self.env.invalidate_all()

    def activities(self, code):
        return self.tenant.activity_search([f"smarter_base.activity_type_{code}"])

    def test_every_limit_has_its_row(self):
        self.assertEqual(
            sorted(self.usages.search([]).mapped("code")), sorted(limit.value for limit in Limit)
        )

    def test_the_owner_sees_plan_and_use(self):
        self.tenant.plan = "business"
        tenant = self.tenant.with_user(self.owner).with_context(lang="es_CL")
        rows = Form(tenant).usage_ids[:].grouped("code")
        self.assertEqual(rows["users"].allowed_text, "10")
        self.assertEqual(rows["api_calls"].allowed_text, "10.000 por minuto")
        self.assertEqual(rows["api_calls"].used_text, "—")

    def test_a_full_limit_and_an_unlimited_one_are_shown_as_such(self):
        self.assertEqual(self.usage("users").allowed_text, "No limit")
        self.assertEqual(self.usage("users").level, "fine")
        self.tenant.plan = "free"
        self.assertEqual(self.usage("users").level, "full")

    def test_without_role_nobody_sees_it(self):
        with self.assertRaises(AccessError):
            self.usages.with_user(self.user()).search([])

    def test_nobody_writes_it(self):
        with self.assertRaises(AccessError):
            self.usage("storage").measured = 0

    @freeze_time("2026-11-30 23:30:00")
    def test_the_month_is_that_of_chile(self):
        self.invoice("2026-11-30")
        self.assertEqual(self.usage("e_invoices").used, 1)

    @freeze_time("2026-12-01 02:30:00")  # still 30 November in Santiago
    def test_the_month_does_not_end_by_the_servers_clock(self):
        self.invoice("2026-11-30")
        self.invoice("2026-12-01")
        self.assertEqual(self.usage("e_invoices").used, 1)

    @freeze_time("2026-11-15 12:00:00")
    def test_only_issued_electronic_documents_count(self):
        for values in (
            {"state": "draft"},
            {"state": "cancel"},
            {"move_type": "in_invoice"},
            {"document": "30"},
        ):
            self.invoice("2026-11-10", **values)
        self.assertEqual(self.usage("e_invoices").used, 0)
        for values in ({}, {"document": "61", "move_type": "out_refund"}, {"document": "39"}):
            self.invoice("2026-11-10", **values)
        self.assertEqual(self.usage("e_invoices").used, 3)

    def test_storage_is_that_of_database_and_files(self):
        self.usages._cron_measure()
        before = self.usage("storage").measured
        self.env.cr.execute("SELECT pg_database_size(current_database()) / 1048576")
        self.assertGreaterEqual(before, self.env.cr.fetchone()[0])
        copies = [{"name": name, "raw": b"x" * 2**21} for name in ("uno", "dos")]
        self.env["ir.attachment"].create(copies)
        self.usages._cron_measure()
        grown = self.usage("storage").measured - before
        self.assertGreater(grown, 1.5)
        self.assertLess(grown, 3.5, "equal files take their place once")

    @freeze_time("2026-11-15 12:00:00")
    def test_owners_are_told_at_80_and_at_100_percent_once(self):
        self.tenant.plan = "free"
        for number, told in ((15, 0), (16, 1), (17, 1), (20, 1)):
            while self.usages._count_e_invoices() < number:
                self.invoice("2026-11-10")
            self.usages._cron_measure()
            mine = self.activities("e_invoices").filtered(lambda one: one.user_id == self.owner)
            self.assertEqual(len(mine), told, number)
        self.assertIn("20", mine.summary)

    @freeze_time("2026-11-15 12:00:00")
    def test_a_warning_that_was_done_does_not_come_back(self):
        self.tenant.plan = "free"
        self.usages.search([("code", "=", "storage")]).measured = 1000
        storage = self.usages.search([("code", "=", "storage")])
        storage._warn_owners()
        self.activities("storage").action_done()
        storage._warn_owners()
        self.assertFalse(self.activities("storage"))

    def test_the_warning_goes_when_there_is_room_again(self):
        self.tenant.plan = "free"
        storage = self.usages.search([("code", "=", "storage")])
        storage.measured = 2000
        storage._warn_owners()
        self.assertTrue(self.activities("storage"))
        self.tenant.plan = "business"
        storage.invalidate_recordset(["level", "percent"])
        storage._warn_owners()
        self.assertFalse(self.activities("storage"))

    @freeze_time("2026-11-15 12:00:00")
    def test_invoices_are_never_blocked(self):
        self.tenant.plan = "free"
        for _number in range(21):
            self.invoice("2026-11-10")
        self.assertEqual(self.usage("e_invoices").level, "full")
        self.post_entry(self.company)
