from odoo.tests import new_test_user, tagged

from .common_capture import CaptureCase


@tagged("post_install", "-at_install")
class TestCaptureShared(CaptureCase):
    """Contacts and products that the companies of two RUTs share."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana = cls.user_env()["res.partner"].create({"name": "Ana", "phone": "1"})
        cls.next_transaction()
        cls.clear_events()

    def add_a_rut(self):
        other = self.env["res.company"].create(
            {"name": "Otra SpA", "country_id": self.env.ref("base.cl").id, "vat": "11111111-1"}
        )
        self.clear_events()
        return other

    def test_of_one_rut_a_contact_tells_its_balance(self):
        self.ana.phone = "2"
        self.assertEqual(self.event("contact.updated")["data"]["balance"], 0)

    def test_of_two_ruts_none_reads_what_is_owed_to_the_other(self):
        self.subscribe("contact.*", company_id=self.add_a_rut().id)
        self.ana.phone = "2"
        data = self.event("contact.updated")["data"]
        figures = (data["balance"], data["last_order"], data["last_invoice"])
        self.assertEqual(figures, (None, None, None))

    def test_a_contact_of_one_company_tells_its_balance_whoever_else_is_there(self):
        other = self.add_a_rut()
        partner = self.env["res.partner"].create({"name": "Eva", "company_id": other.id})
        self.assertEqual(self.event("contact.created", partner)["data"]["balance"], 0)

    def test_of_two_ruts_none_reads_the_others_cost(self):
        product = self.user_env()["product.product"].create({"name": "Silla"})
        self.add_a_rut()
        self.next_transaction()
        self.clear_events()
        product.standard_price = 700
        event = self.event("product.updated", product)
        self.assertEqual((event["data"]["cost"], event["previous"]), (None, {}))

    def test_a_custom_type_tells_old_values_of_its_own_fields_alone(self):
        author = new_test_user(
            self.env, "author", "smarter_base.group_admin,base.group_partner_manager"
        )
        phone = self.env["ir.model.fields"]._get("res.partner", "phone")
        values = {"name": "Telefono", "trigger": "changed", "company_id": False}
        values["model_id"] = self.env["ir.model"]._get_id("res.partner")
        values["field_ids"] = values["trigger_field_ids"] = [(6, 0, phone.ids)]
        self.env["smarter.event.type"].with_user(author).create(values)
        self.ana.write({"phone": "2", "email": "a@a.example", "street": "Los Aromos 1"})
        self.assertEqual(self.event("custom.telefono")["previous"], {"phone": "1"})
