from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..capture import custom
from .common_capture import CaptureCase

DELETION = "odoo.addons.smarter_events.capture.deletion"


@tagged("post_install", "-at_install")
class TestCaptureDeleted(CaptureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create(
            {"name": "Otra SpA", "country_id": cls.env.ref("base.cl").id, "vat": "11111111-1"}
        )
        cls.clerk.company_ids += cls.other
        cls.products = cls.user_env()["product.template"]
        cls.template = cls.products.create({"name": "Silla", "company_id": cls.other.id})
        cls.variant = cls.template.product_variant_id
        cls.next_transaction()
        cls.clear_events()

    def test_a_template_takes_its_variants_along(self):
        variant_id = self.variant.id
        self.template.unlink()
        event = self.event("record.deleted")
        self.assertEqual(event["data"]["model"], "product.product")
        self.assertEqual((event["data"]["id"], event["data"]["name"]), (variant_id, "Silla"))

    def test_a_deleted_record_leaves_in_the_name_of_its_company(self):
        ours = self.subscribe("record.deleted", company_id=self.company.id)
        self.variant.unlink()
        event = self.event("record.deleted")
        self.assertEqual((event["rut"], event["company_id"]), ("11111111-1", self.other.id))
        self.assertNotIn((ours,), self.deliveries("subscription_id"))

    def test_a_deletion_that_is_refused_leaves_nothing(self):
        stranger = new_test_user(self.env, "stranger", "base.group_user")
        with self.assertRaises(AccessError):
            self.template.with_user(stranger).unlink()
        self.assertEqual(self.types(family="record"), [])

    @mute_logger(DELETION, "odoo.addons.smarter_events.capture.documents")
    def test_a_payload_that_fails_before_a_deletion_undoes_nothing_else(self):
        self.addCleanup(self.env["smarter.outbox"]._forget_watches)
        label = self.user_env()["res.partner.category"].create({"name": "Frecuente"})
        self.env.cr.flush()
        with patch.object(custom._Custom, "build", self.broken_build):
            self.make_type()
            self.template.description = "kept"
            label.unlink()
            self.env.cr.flush()
        self.env.invalidate_all()
        self.assertIn("kept", self.template.description)
        self.assertEqual(self.rows("state", where="type = 'custom.borrado'"), [("dead",)])

    def broken_build(self, batch):
        batch.env.flush_all()  # as any search of a builder does
        raise ValueError("broken")

    def make_type(self):
        author = new_test_user(
            self.env, "author", "smarter_base.group_admin,base.group_partner_manager"
        )
        name = self.env["ir.model.fields"]._get("res.partner.category", "name")
        values = {"name": "Borrado", "trigger": "deleted", "company_id": False}
        values["model_id"] = self.env["ir.model"]._get_id("res.partner.category")
        values["field_ids"] = [(6, 0, name.ids)]
        self.env["smarter.event.type"].with_user(author).create(values)
