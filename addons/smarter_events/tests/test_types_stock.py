from odoo.tests import tagged

from .common_capture import CaptureCase


@tagged("post_install", "-at_install")
class TestStockTypes(CaptureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "stock.quant" not in cls.env:
            cls.skipTest(cls, "stock is not installed")
        env = cls.user_env()
        cls.product = env["product.product"].create({"name": "Taladro", "is_storable": True})
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)], limit=1
        )
        cls.shelf = cls.warehouse.lot_stock_id
        cls.set_stock(10)
        cls.next_transaction()
        cls.clear_events()

    @classmethod
    def set_stock(cls, quantity):
        quants = cls.env["stock.quant"]
        missing = quantity - quants._get_available_quantity(cls.product, cls.shelf)
        quants._update_available_quantity(cls.product, cls.shelf, missing)

    def test_a_quantity_that_changes_fires_per_quant(self):
        self.set_stock(8)
        data = self.event("stock.changed")["data"]
        self.assertEqual((data["on_hand"], data["available"]), (8, 8))
        self.assertEqual(data["warehouse"]["id"], self.warehouse.id)

    def test_quants_outside_our_warehouses_are_not_told(self):
        customers = self.env.ref("stock.stock_location_customers")
        self.env["stock.quant"]._update_available_quantity(self.product, customers, 3)
        self.assertEqual(self.types(family="stock."), [])

    def test_stock_is_low_when_it_crosses_the_minimum(self):
        self.set_stock(4)
        data = self.event("stock.low")["data"]
        self.assertEqual((data["available"], data["minimum"]), (4, 5))

    def test_a_count_that_is_not_applied_yet_is_no_low_stock(self):
        product = self.env["product.product"].create({"name": "Broca", "is_storable": True})
        self.env["stock.quant"].with_context(inventory_mode=True).create(
            {"product_id": product.id, "location_id": self.shelf.id, "inventory_quantity": 8}
        )
        self.assertEqual(self.types(family="stock.low"), [])

    def test_low_stock_that_gets_lower_is_not_told_again(self):
        self.set_stock(4)
        self.next_transaction()
        self.clear_events()
        self.set_stock(3)
        self.assertEqual(self.types(family="stock."), ["stock.changed"])

    def test_low_stock_is_told_again_after_it_was_above(self):
        for quantity in (4, 9, 2):
            self.next_transaction()
            self.clear_events()
            self.set_stock(quantity)
        self.assertEqual(self.event("stock.low")["data"]["available"], 2)

    def test_a_dip_that_ends_above_the_minimum_within_a_flush_is_not_low(self):
        self.set_stock(2)
        self.set_stock(7)
        self.assertEqual(self.types(family="stock.low"), [])

    def test_a_replenishment_rule_says_the_minimum(self):
        self.env["stock.warehouse.orderpoint"].create(
            {
                "product_id": self.product.id,
                "product_min_qty": 9,
                "product_max_qty": 20,
                "warehouse_id": self.warehouse.id,
            }
        )
        self.set_stock(8)
        data = self.event("stock.low")["data"]
        self.assertEqual((data["minimum"], data["warehouse"]["id"]), (9, self.warehouse.id))

    def test_a_done_delivery_fires_once_with_its_products(self):
        picking = self.env(user=self.clerk)["stock.picking"].create(
            {
                "picking_type_id": self.warehouse.out_type_id.id,
                "location_id": self.shelf.id,
                "location_dest_id": self.env.ref("stock.stock_location_customers").id,
                "move_ids": [
                    (
                        0,
                        0,
                        {
                            "product_id": self.product.id,
                            "product_uom_qty": 7,
                            "location_id": self.shelf.id,
                            "location_dest_id": self.env.ref("stock.stock_location_customers").id,
                        },
                    )
                ],
            }
        )
        picking.action_confirm()
        picking.action_assign()
        picking.move_ids.write({"quantity": 7, "picked": True})
        picking.button_validate()
        data = self.event("delivery.done")["data"]
        self.assertEqual((data["kind"], data["lines"][0]["qty"]), ("outgoing", 7))
        self.assertEqual(self.event("stock.low")["data"]["available"], 3)
