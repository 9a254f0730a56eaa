from odoo.addons.smarter_events.tests.common_capture import CaptureCase
from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestMerge(CaptureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.env["product.product"].create({"name": "Taladro", "is_storable": True})
        company = [("company_id", "=", cls.company.id)]
        cls.shelf = cls.env["stock.warehouse"].search(company, limit=1).lot_stock_id
        cls.kept, cls.gone = cls.make_quant(4), cls.make_quant(3)
        cls.next_transaction()
        cls.clear_events()

    @classmethod
    def make_quant(cls, quantity, location=None):
        return cls.env["stock.quant"].create(
            {
                "product_id": cls.product.id,
                "location_id": (location or cls.shelf).id,
                "quantity": quantity,
            }
        )

    def test_merged_quants_are_told_as_one_that_changed_and_one_deleted(self):
        self.kept._merge_quants()
        self.assertEqual(self.event("stock.changed", self.kept)["data"]["on_hand"], 7)
        data = self.event("record.deleted", self.gone)["data"]
        self.assertEqual((data["id"], data["model"]), (self.gone.id, "stock.quant"))

    def test_a_merge_of_everything_tells_the_same(self):
        self.env["stock.quant"]._merge_quants()
        self.assertEqual(self.types(self.kept), ["stock.changed"])
        self.assertEqual(self.types(self.gone), ["record.deleted"])

    def test_without_duplicates_nothing_is_told(self):
        self.gone.unlink()
        self.next_transaction()
        self.clear_events()
        self.kept._merge_quants()
        self.assertEqual(self.types(), [])

    def test_a_merge_that_is_undone_leaves_nothing(self):
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.kept._merge_quants()
            _ = 1 / 0
        self.assertEqual(self.types(), [])
