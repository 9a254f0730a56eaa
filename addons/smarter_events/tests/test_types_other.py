from odoo.fields import Command
from odoo.tests import tagged

from .common_capture import CaptureCase


@tagged("post_install", "-at_install")
class TestOtherTypes(CaptureCase):
    def setUp(self):
        super().setUp()
        self.mine = self.env(user=self.clerk)

    def needs(self, model):
        if model not in self.env:
            self.skipTest(f"{model} is not installed")
        return self.mine[model]

    def test_a_new_contact_fires_once_with_its_address(self):
        comuna = self.env["smarter.comuna"].search([], limit=1)
        partner = self.mine["res.partner"].create(
            {"name": "Ana", "smarter_comuna_id": comuna.id, "vat": "11.111.111-1",
             "country_id": self.env.ref("base.cl").id}
        )  # fmt: skip
        data = self.event("contact.created", partner)["data"]
        self.assertEqual((data["rut"], data["comuna"]), ("11111111-1", comuna.name))

    def test_a_changed_contact_tells_what_changed_and_its_old_value(self):
        partner = self.mine["res.partner"].create({"name": "Ana", "phone": "1"})
        self.next_transaction()
        partner.phone = "2"
        event = self.event("contact.updated", partner)
        self.assertEqual(event["data"]["changed"], ["phone"])
        self.assertEqual(event["previous"], {"phone": "1"})

    def test_an_archived_contact_is_an_update(self):
        partner = self.mine["res.partner"].create({"name": "Ana"})
        self.next_transaction()
        partner.action_archive()
        self.assertFalse(self.event("contact.updated", partner)["data"]["active"])

    def test_a_deleted_contact_is_reported(self):
        partner = self.mine["res.partner"].create({"name": "Ana"})
        self.next_transaction()
        partner.sudo().unlink()
        self.assertEqual(self.event("record.deleted", partner)["data"]["name"], "Ana")

    def test_a_lead_is_created_and_won(self):
        lead = self.needs("crm.lead").create({"name": "Obra", "type": "opportunity"})
        self.event("lead.created", lead)
        self.next_transaction()
        lead.action_set_won()
        self.event("lead.won", lead)
        self.assertEqual(self.types(lead), ["lead.created", "lead.won"])

    def test_a_lead_is_changed_and_lost(self):
        lead = self.needs("crm.lead").create({"name": "Obra", "type": "opportunity"})
        self.next_transaction()
        lead.expected_revenue = 90000
        self.assertEqual(self.event("lead.updated", lead)["data"]["expected_revenue"], 90000)
        self.next_transaction()
        lead.action_set_lost()
        self.assertEqual(self.event("lead.lost", lead)["data"]["probability"], 0)

    def test_a_product_and_its_template_tell_of_the_variant(self):
        product = self.mine["product.product"].create({"name": "Taladro", "list_price": 10})
        self.assertEqual(self.event("product.created", product)["data"]["price"], 10)
        self.next_transaction()
        product.product_tmpl_id.list_price = 20
        event = self.event("product.updated", product)
        self.assertEqual((event["data"]["price"], event["data"]["changed"]), (20, ["list_price"]))

    def test_a_confirmed_purchase_fires_once(self):
        supplier = self.mine["res.partner"].create({"name": "El Canelo"})
        product = self.mine["product.product"].create({"name": "Broca"})
        order = self.needs("purchase.order").create(
            {
                "partner_id": supplier.id,
                "order_line": [Command.create({"product_id": product.id, "product_qty": 3})],
            }
        )
        order.button_confirm()
        data = self.event("purchase.confirmed", order)["data"]
        self.assertEqual(data["lines"][0]["qty"], 3)

    def test_a_paid_order_of_the_point_of_sale_fires_once(self):
        self.needs("pos.order")
        config = self.env["pos.config"].search([], limit=1) or self.env["pos.config"].create(
            {"name": "Caja 1"}
        )
        config.open_ui()
        product = self.env["product.product"].create(
            {"name": "Broca", "available_in_pos": True, "taxes_id": False}
        )
        order = self.env["pos.order"].create(
            {
                "session_id": config.current_session_id.id,
                "amount_tax": 0, "amount_total": 500, "amount_paid": 0, "amount_return": 0,
                "lines": [
                    Command.create(
                        {
                            "product_id": product.id, "qty": 1, "price_unit": 500, "name": "l",
                            "price_subtotal": 500, "price_subtotal_incl": 500,
                        }
                    )
                ],
            }
        )  # fmt: skip
        method = config.payment_method_ids[:1]
        order.add_payment({"pos_order_id": order.id, "amount": 500, "payment_method_id": method.id})
        order.action_pos_order_paid()
        data = self.event("pos.order.paid", order)["data"]
        self.assertEqual(data["payments"], [{"method": method.name, "amount": 500}])

    def test_a_new_plan_of_the_tenant_is_told_and_reaches_the_protocol(self):
        self.env["smarter.tenant"]._current().plan = "business"
        self.assertEqual(self.event("tenant.updated")["data"]["plan"], "business")
        self.env.cr.execute("SELECT tenant_plan, tenant_rut FROM smarter_outbox_state")
        self.assertEqual(self.env.cr.fetchone(), ("business", "77654321-7"))
