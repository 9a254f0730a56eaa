import logging
import unittest
from contextlib import closing
from unittest.mock import patch

import psycopg2

from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..types import contact
from .common_capture import CaptureCase

DOCUMENTS = "odoo.addons.smarter_events.capture.documents"


@tagged("post_install", "-at_install")
class TestCapture(CaptureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners = cls.user_env()["res.partner"]
        cls.ana = cls.partners.create({"name": "Ana", "phone": "1"})
        cls.next_transaction()
        cls.clear_events()

    def test_ten_writes_on_one_record_are_one_event(self):
        for number in range(10):
            self.ana.phone = str(number)
            self.ana.flush_recordset()
        self.assertEqual(self.event("contact.updated")["previous"], {"phone": "1"})
        self.assertEqual(self.types(), ["contact.updated"])

    def test_a_value_written_back_is_no_event(self):
        self.ana.phone = "2"
        self.ana.flush_recordset()
        self.ana.phone = "1"
        self.assertEqual(self.types(), [])

    def test_fields_nobody_watches_make_no_event(self):
        self.ana.comment = "<p>Nota</p>"
        self.assertEqual(self.types(), [])

    def test_a_created_record_absorbs_what_is_written_after_a_flush(self):
        with self.env.cr.savepoint():
            partner = self.partners.create({"name": "Eva"})
        with self.env.cr.savepoint():
            partner.phone = "7"
        self.assertEqual(self.types(partner), ["contact.created"])
        self.assertEqual(self.event("contact.created", partner)["data"]["phone"], "7")

    def test_first_old_values_survive_several_flushes(self):
        for phone in ("2", "3"):
            with self.env.cr.savepoint():
                self.ana.phone = phone
        event = self.event("contact.updated")
        self.assertEqual((event["previous"], event["data"]["phone"]), ({"phone": "1"}, "3"))

    def test_a_savepoint_rolled_back_leaves_nothing(self):
        with closing(self.env.cr.savepoint()):
            self.partners.create({"name": "Eva"})
            with self.env.cr.savepoint():
                self.ana.phone = "9"
        self.assertEqual(self.types(), [])

    def test_what_was_written_before_a_nested_rollback_stays(self):
        with self.env.cr.savepoint():
            self.ana.phone = "2"
            with closing(self.env.cr.savepoint()):
                self.ana.email = "a@a.example"
        self.assertEqual(self.event("contact.updated")["data"]["changed"], ["phone"])

    def test_a_rollback_behind_the_orm_leaves_no_created_event(self):
        with closing(self.env.cr.savepoint(flush=False)):
            self.partners.create({"name": "Eva"})
        self.assertEqual(self.types(), [])

    def test_a_rollback_behind_the_orm_leaves_no_update(self):
        with closing(self.env.cr.savepoint(flush=False)):
            self.ana.phone = "2"
            self.ana.flush_recordset()
        self.assertEqual(self.types(), [])

    def test_a_rollback_behind_the_orm_leaves_no_deletion(self):
        with closing(self.env.cr.savepoint(flush=False)):
            self.ana.sudo().unlink()
        self.assertEqual(self.types(), [])

    def test_the_payload_tells_what_a_rollback_behind_the_orm_left(self):
        self.ana.email = "a@a.example"
        self.ana.flush_recordset()
        with closing(self.env.cr.savepoint(flush=False)):
            self.ana.phone = "2"
            self.ana.flush_recordset()
        data = self.event("contact.updated")["data"]
        self.assertEqual((data["phone"], data["changed"]), ("1", ["email"]))

    def test_created_and_deleted_at_once_is_nothing(self):
        self.partners.create({"name": "Eva"}).sudo().unlink()
        self.assertEqual(self.types(), [])

    def test_a_dry_run_of_an_import_leaves_nothing(self):
        self.assertEqual(self.import_contacts(dryrun=True), [])

    def test_an_import_makes_one_event_per_record(self):
        self.assertEqual(self.import_contacts(dryrun=False), ["contact.created"] * 2)

    def import_contacts(self, dryrun):
        importer = self.env["base_import.import"].create(
            {"res_model": "res.partner", "file": b"name\nUno\nDos\n", "file_type": "text/csv"}
        )
        options = {"quoting": '"', "separator": ",", "has_headers": True}
        result = importer.execute_import(["name"], ["name"], options, dryrun=dryrun)
        self.assertFalse(result["messages"])
        return self.types(family="contact")

    def test_a_form_that_is_not_saved_makes_no_event(self):
        form = Form(self.partners)
        form.name = "Eva"
        form.phone = "7"
        self.assertEqual(self.types(), [])

    def test_nothing_is_noted_while_modules_load(self):
        with patch.object(self.registry, "ready", False):
            self.partners.create({"name": "Eva"})
        self.assertEqual(self.types(), [])

    def test_nothing_is_noted_while_a_module_is_removed(self):
        self.ana.sudo().with_context(_force_unlink=True).unlink()
        self.assertEqual(self.types(), [])

    def test_without_a_subscription_nothing_is_stored_or_asked(self):
        self.env["smarter.subscription"].search([]).sudo().write({"active": False})
        self.move()  # everything is in memory from here on
        asked = self.queries(self.move)
        with patch("odoo.addons.smarter_events.models.base.watch_of", lambda records: None):
            self.assertEqual(asked, self.queries(self.move))
        self.assertEqual(self.types(), [])

    def move(self):
        self.ana.street2 = (self.ana.street2 or "") + "0"
        self.env.cr.flush()

    def queries(self, work):
        asked = []
        execute = type(self.env.cr).execute

        def spy(cr, query, *args, **kwargs):
            asked.append(getattr(query, "code", query).strip())
            return execute(cr, query, *args, **kwargs)

        with patch.object(type(self.env.cr), "execute", spy):
            work()
        return asked

    def test_a_type_nobody_wants_is_not_stored(self):
        self.env.cr.execute("UPDATE smarter_subscription SET patterns = 'order.*'")
        self.env["smarter.outbox"]._forget_watches()
        self.ana.phone = "2"
        self.assertEqual(self.types(), [])

    def test_one_delivery_goes_to_each_subscription_that_wants_it(self):
        contacts = self.subscribe("contact.updated")
        self.subscribe("invoice.*")
        self.ana.phone = "2"
        rows = self.deliveries("subscription_id", "state", "lane")
        lane = f"res.partner/{self.ana.id}"
        self.assertEqual(rows, [(self.everything, "pending", lane), (contacts, "pending", lane)])

    def test_a_filter_decides_on_the_record(self):
        filtered = self.subscribe("contact.*", filter_domain="[('is_company', '=', True)]")
        self.ana.phone = "2"
        self.assertNotIn((filtered,), self.deliveries("subscription_id"))
        self.ana.is_company = True
        self.assertIn((filtered,), self.deliveries("subscription_id"))

    def test_a_filter_sees_what_its_author_sees(self):
        author = new_test_user(self.env, "author", "base.group_user,smarter_base.group_admin")
        hidden = self.env["res.company"].create({"name": "Otra SpA"})
        secret = self.env["res.partner"].create({"name": "Secreto", "company_id": hidden.id})
        self.ana.parent_id = self.env["res.partner"].create({"name": "Casa"})
        domain = "[('child_ids.name', '=', 'Secreto')]"
        secret.parent_id = self.ana
        filtered = self.subscribe("contact.*", filter_domain=domain, author_id=author.id)
        self.ana.phone = "2"
        self.assertNotIn((filtered,), self.deliveries("subscription_id"))
        secret.company_id = False
        self.ana.phone = "3"
        self.assertIn((filtered,), self.deliveries("subscription_id"))

    @mute_logger(DOCUMENTS)
    def test_a_filter_whose_author_lost_the_right_to_read_is_broken(self):
        author = new_test_user(self.env, "author", "base.group_portal")
        portal = self.env.ref("base.group_portal")
        rights = self.env["ir.model.access"].search([("group_id", "=", portal.id)])
        rights.filtered(lambda one: one.model_id.model == "res.partner").perm_read = False
        filtered = self.subscribe(
            "contact.*", filter_domain="[('phone', '=', '2')]", author_id=author.id
        )
        self.ana.phone = "2"
        states = dict(self.deliveries("subscription_id", "state"))
        self.assertEqual(states[filtered], "dead")

    @mute_logger(DOCUMENTS)
    def test_a_broken_filter_makes_a_dead_delivery_and_work_goes_on(self):
        broken = self.subscribe("contact.*", filter_domain="[('no_such_field', '=', 1)]")
        self.ana.phone = "2"
        rows = dict(self.deliveries("subscription_id", "state"))
        self.assertEqual(rows, {self.everything: "pending", broken: "dead"})
        self.assertEqual(self.ana.phone, "2")

    @mute_logger(DOCUMENTS)
    def test_a_failing_builder_stores_a_dead_event_with_its_record(self):
        with self.broken_builder(lambda batch: 1 / 0):
            self.ana.phone = "2"
            rows = self.rows("state", "model", "res_id", "error")
        self.assertEqual(rows[0][:3], ("dead", "res.partner", self.ana.id))
        self.assertIn("ZeroDivisionError", rows[0][3])
        self.assertEqual(self.deliveries("state"), [("dead",)])

    @mute_logger(DOCUMENTS, "odoo.sql_db")
    def test_an_sql_error_in_a_builder_does_not_poison_the_transaction(self):
        with self.broken_builder(lambda batch: batch.env.cr.execute("SELECT nonsense")):
            self.ana.phone = "2"
            self.assertEqual(self.rows("state"), [("dead",)])
        self.ana.invalidate_recordset()
        self.assertEqual(self.ana.phone, "2")

    def test_figures_that_cannot_be_read_make_a_dead_event_and_work_goes_on(self):
        self.env.cr.execute("ALTER TABLE res_partner_category RENAME active TO gone")
        self.ana.phone = "2"
        [(state, data, error)] = self.rows("state", "data", "error")
        self.assertEqual((state, data), ("dead", {}))
        self.assertIn("active", error)
        self.assertEqual(self.deliveries("state"), [("dead",)])

    @mute_logger(DOCUMENTS)
    def test_one_bad_record_does_not_spoil_the_others(self):
        def build(batch):
            if "Mala" in batch.records.mapped("name"):
                raise ValueError("bad record")
            return contact.build(batch)

        with self.broken_builder(build):
            self.partners.create([{"name": "Buena"}, {"name": "Mala"}])
            self.assertEqual(self.rows("state"), [("ready",), ("dead",)])

    @mute_logger("odoo.addons.smarter_events.capture.outbox")
    def test_a_payload_that_is_too_large_is_stored_dead(self):
        with self.broken_builder(lambda batch: {batch.records.id: {"x": "x" * 2_000_000}}):
            self.ana.phone = "2"
            self.assertEqual(self.rows("state", "data"), [("dead", {})])

    def broken_builder(self, build):
        self.addCleanup(self.env["smarter.outbox"]._forget_watches)
        for declared in contact.TYPES:
            original = declared.build
            object.__setattr__(declared, "build", build)
            self.addCleanup(object.__setattr__, declared, "build", original)
        return closing(logging.NullHandler())

    @mute_logger("odoo.sql_db")
    def test_an_insert_that_fails_aborts_the_transaction(self):
        self.env.cr.execute("ALTER TABLE smarter_event ADD CHECK (type <> 'contact.updated')")
        self.env.cr.execute("SAVEPOINT before")
        self.ana.phone = "2"
        # Odoo's assertRaises would flush before it listens.
        with unittest.TestCase.assertRaises(self, psycopg2.errors.CheckViolation):
            self.env.cr.flush()
        self.env.cr.execute("ROLLBACK TO SAVEPOINT before")

    def test_events_of_a_company_bear_its_rut(self):
        other = self.env["res.company"].create(
            {"name": "Otra SpA", "country_id": self.env.ref("base.cl").id, "vat": "11111111-1"}
        )
        theirs = self.subscribe("contact.*", company_id=other.id)
        ours = self.subscribe("contact.*", company_id=self.company.id)
        self.clear_events()
        partner = self.env["res.partner"].create({"name": "Eva", "company_id": other.id})
        self.assertEqual(self.event("contact.created", partner)["rut"], "11111111-1")
        takers = [row[0] for row in self.deliveries("subscription_id")]
        self.assertIn(theirs, takers)
        self.assertNotIn(ours, takers)

    def test_a_branch_speaks_for_its_company(self):
        branch = self.env["res.company"].create({"name": "Sucursal", "parent_id": self.company.id})
        ours = self.subscribe("contact.*", company_id=self.company.id)
        partner = self.env["res.partner"].create({"name": "Eva", "company_id": branch.id})
        self.assertEqual(self.event("contact.created", partner)["rut"], "77654321-7")
        self.assertIn((ours,), self.deliveries("subscription_id"))

    def test_shared_records_bear_the_tenants_rut(self):
        partner = self.partners.create({"name": "Eva"})
        event = self.event("contact.created", partner)
        self.assertEqual((event["rut"], event["company_id"]), ("77654321-7", None))

    def test_the_person_who_caused_it_is_kept(self):
        self.ana.phone = "2"
        self.assertEqual(self.rows("create_uid"), [(self.clerk.id,)])
