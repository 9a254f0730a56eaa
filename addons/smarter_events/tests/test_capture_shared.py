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

    def test_whoever_a_contact_leaves_is_told_that_it_is_gone(self):
        other = self.add_a_rut()
        self.ana.sudo().company_id = self.company
        self.next_transaction()
        self.clear_events()
        ours, theirs = self.subscribers(self.company, other)
        self.ana.sudo().company_id = other
        self.assertEqual(self.types(self.ana), ["record.deleted", "contact.updated"])
        gone, there = self.event("record.deleted"), self.event("contact.updated")
        self.assertEqual((gone["rut"], there["rut"]), ("77654321-7", "11111111-1"))
        self.assertEqual(gone["data"]["name"], "Ana")
        self.assertEqual(self.takers("record.deleted"), {self.everything, ours})
        self.assertEqual(self.takers("contact.updated"), {self.everything, theirs})

    def test_a_contact_that_one_rut_keeps_to_itself_is_gone_for_the_tenants(self):
        other = self.add_a_rut()
        self.ana.sudo().company_id = other
        self.assertEqual(self.event("record.deleted")["rut"], "77654321-7")

    def test_within_one_rut_nothing_is_gone(self):
        branch = self.env["res.company"].create({"name": "Sucursal", "parent_id": self.company.id})
        self.clear_events()
        self.ana.sudo().write({"company_id": branch.id, "phone": "2"})
        self.assertEqual(self.types(self.ana), ["contact.updated"])

    def test_a_product_leaves_with_its_template(self):
        product = self.user_env()["product.product"].create({"name": "Silla"})
        product.sudo().company_id = self.company
        other = self.add_a_rut()
        self.next_transaction()
        self.clear_events()
        product.sudo().product_tmpl_id.company_id = other
        self.assertEqual(self.event("record.deleted", product)["rut"], "77654321-7")
        self.assertEqual(self.event("product.updated", product)["rut"], "11111111-1")

    def subscribers(self, *companies):
        return [self.subscribe("*", company_id=company.id) for company in companies]

    def takers(self, type_):
        where = f"event_id IN (SELECT id FROM smarter_event WHERE type = '{type_}')"
        return {row[0] for row in self.deliveries("subscription_id", where=where)}

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
