from odoo.fields import Command
from odoo.tests import tagged

from .common_capture import CaptureCase


@tagged("post_install", "-at_install")
class TestSaleTypes(CaptureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "sale.order" not in cls.env:
            cls.skipTest(cls, "sale is not installed")
        env = cls.user_env()
        cls.partner = env["res.partner"].create(
            {"name": "Ferretería Los Aromos", "vat": "12345678-5", "country_id": cls.ref_cl().id}
        )
        cls.products = env["product.product"].create(
            [
                {"name": f"Taladro {n}", "default_code": f"TAL-{n}", "list_price": 1000 * n}
                for n in (1, 2)
            ]
        )
        cls.order = env["sale.order"].create(
            {
                "partner_id": cls.partner.id,
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": 2})
                    for product in cls.products
                ],
            }
        )
        cls.next_transaction()
        cls.clear_events()

    @classmethod
    def ref_cl(cls):
        return cls.env.ref("base.cl")

    def test_an_order_follows_its_customer_into_a_merge(self):
        self.order.action_confirm()
        kept = self.user_env()["res.partner"].create({"name": "Ferretería Aromos"})
        self.next_transaction()
        self.clear_events()
        merging = self.user_env()["base.partner.merge.automatic.wizard"].create({})
        merging._merge((kept | self.partner).ids, kept)
        self.assertEqual(self.event("order.updated")["data"]["partner"]["id"], kept.id)

    def test_a_draft_order_makes_no_event(self):
        self.order.order_line[0].product_uom_qty = 5
        self.assertEqual(self.types(self.order), [])

    def test_a_sent_quotation_fires_once(self):
        self.order.action_quotation_sent()
        self.assertEqual(self.event("quotation.sent")["data"]["state"], "sent")

    def test_a_confirmed_order_fires_once_with_its_lines(self):
        self.order.action_confirm()
        self.assertEqual(self.types(self.order), ["order.confirmed"])
        data = self.event("order.confirmed")["data"]
        self.assertEqual([line["qty"] for line in data["lines"]], [2, 2])
        self.assertEqual(data["partner"]["rut"], "12345678-5")
        self.assertEqual(data["total"], round(self.order.amount_total))

    def test_an_order_in_dollars_is_told_in_pesos_and_its_total_in_dollars(self):
        prices = self.env["product.pricelist"].create(
            {"name": "Dólares", "currency_id": self.use_dollars().id}
        )
        self.order.pricelist_id = prices
        self.order.order_line.write({"price_unit": 10, "tax_ids": False})
        self.order.action_confirm()
        data = self.event("order.confirmed", self.order)["data"]
        self.assertEqual((data["currency"], data["document_currency"]), ("CLP", "USD"))
        self.assertEqual((data["total"], data["amount_currency"]), (40_000, 40))
        self.assertEqual([line["net"] for line in data["lines"]], [20_000, 20_000])
        self.partner.phone = "2"
        self.assertEqual(self.event("contact.updated")["data"]["last_order"]["total"], 40_000)

    def test_an_edited_line_of_a_confirmed_order_is_one_update(self):
        self.order.action_confirm()
        self.next_transaction()
        self.order.order_line[0].product_uom_qty = 7
        self.order.order_line[1].name = "Otro nombre"
        update = self.event("order.updated")
        self.assertIn("order_line", update["data"]["changed"])
        self.assertEqual(update["data"]["lines"][0]["qty"], 7)

    def test_a_line_added_to_a_confirmed_order_is_in_the_update(self):
        self.order.action_confirm()
        self.next_transaction()
        self.order.order_line = [Command.create({"product_id": self.products[0].id})]
        self.assertEqual(len(self.event("order.updated")["data"]["lines"]), 3)

    def test_a_quotation_that_loses_a_line_makes_no_event(self):
        self.order.order_line[1].unlink()
        self.assertEqual(self.types(self.order), [])

    def test_a_contact_tells_its_last_order(self):
        self.order.action_confirm()
        self.next_transaction()
        self.partner.phone = "2"
        last = self.event("contact.updated")["data"]["last_order"]
        total = round(self.order.amount_total)
        self.assertEqual((last["name"], last["total"]), (self.order.name, total))

    def test_a_cancelled_order_fires_once(self):
        self.order.action_confirm()
        self.next_transaction()
        self.order._action_cancel()
        self.assertEqual(self.types(self.order)[-1:], ["order.cancelled"])
        self.event("order.cancelled")

    def test_a_deleted_draft_is_reported_with_its_name(self):
        name, order = self.order.name, self.order
        self.order.unlink()
        data = self.event("record.deleted", order)["data"]
        self.assertEqual(data, {"id": order.id, "model": "sale.order", "name": name})
