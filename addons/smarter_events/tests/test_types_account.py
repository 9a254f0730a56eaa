from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .common_capture import CaptureCase


@tagged("post_install", "-at_install")
class TestAccountTypes(CaptureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        env = cls.user_env()
        cls.partner = env["res.partner"].create(
            {
                "name": "Ferretería Los Aromos",
                "vat": "12345678-5",
                "country_id": cls.env.ref("base.cl").id,
                "l10n_cl_sii_taxpayer_type": "1",
                "email": "compras@losaromos.example",
                "street": "Los Aromos 1",
            }
        )
        cls.product = env["product.product"].create({"name": "Taladro", "standard_price": 600})
        cls.invoice = cls.make_invoice()
        cls.next_transaction()
        cls.clear_events()

    @classmethod
    def make_invoice(cls, move_type="out_invoice", price=1000):
        return cls.user_env()["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": cls.partner.id,
                "invoice_date": fields.Date.today(),
                "invoice_line_ids": [
                    Command.create(
                        {"product_id": cls.product.id, "quantity": 2, "price_unit": price}
                    )
                ],
            }
        )

    def pay(self, invoice, **values):
        wizard = self.env["account.payment.register"].with_user(self.clerk)
        context = {"active_model": "account.move", "active_ids": invoice.ids}
        return wizard.with_context(**context).create(values)._create_payments()

    def test_a_posted_invoice_follows_its_customer_into_a_merge(self):
        kept = self.partner.copy({"name": "Los Aromos SpA", "vat": False})
        self.invoice.action_post()
        self.next_transaction()
        self.clear_events()
        merging = self.user_env()["base.partner.merge.automatic.wizard"].create({})
        merging._merge((kept | self.partner).ids, kept)
        self.assertEqual(self.event("invoice.updated")["data"]["partner"]["id"], kept.id)
        self.event("record.deleted", self.partner)
        contact = self.event("contact.updated", kept)["data"]
        self.assertEqual(contact["balance"], round(self.invoice.amount_total))

    def test_a_draft_invoice_makes_no_event(self):
        self.invoice.invoice_line_ids.price_unit = 500
        self.assertEqual(self.types(self.invoice), [])

    def test_a_posted_invoice_fires_once_with_folio_and_lines(self):
        self.invoice.action_post()
        self.assertEqual(self.types(self.invoice), ["invoice.posted"])
        posted = self.event("invoice.posted")
        data = posted["data"]
        self.assertEqual(
            (data["residual"], data["lines"][0]["cost"]), (round(self.invoice.amount_total), 1200)
        )
        self.assertEqual(data["partner"]["balance"], data["total"])
        self.assertEqual(data["net"] + data["exempt"] + data["tax"], data["total"])
        self.assertEqual(posted["rut"], "77654321-7")

    def test_payment_makes_an_invoice_paid_once(self):
        self.invoice.action_post()
        self.next_transaction()
        payment = self.pay(self.invoice)
        self.assertEqual(self.types(self.invoice)[-1], "invoice.paid")
        self.assertEqual(self.event("invoice.paid")["data"]["residual"], 0)
        data = self.event("payment.registered", payment)["data"]
        self.assertEqual((data["invoice_ids"], data["direction"]), (self.invoice.ids, "inbound"))

    def test_a_partial_payment_updates_what_is_owed(self):
        self.invoice.action_post()
        self.next_transaction()
        self.clear_events()
        self.pay(self.invoice, amount=500)
        self.assertEqual(self.types(self.invoice), ["invoice.updated"])
        data = self.event("invoice.updated", self.invoice)["data"]
        self.assertEqual(data["residual"], data["total"] - 500)
        self.assertEqual(data["payment_state"], "partial")

    def test_a_new_due_date_of_a_posted_invoice_is_told_and_of_a_draft_is_not(self):
        self.invoice.invoice_date_due = "2030-01-01"
        self.assertEqual(self.types(self.invoice), [])
        self.invoice.action_post()
        self.next_transaction()
        self.invoice.invoice_date_due = "2030-02-01"
        due = self.event("invoice.updated", self.invoice)["data"]["due_date"]
        self.assertEqual(due, "2030-02-01")

    def test_a_posting_tells_what_is_owed_by_itself(self):
        self.invoice.action_post()
        self.pay(self.invoice, amount=500)
        self.assertEqual(self.types(self.invoice), ["invoice.posted"])
        data = self.event("invoice.posted", self.invoice)["data"]
        self.assertEqual(data["residual"], data["total"] - 500)

    def test_taking_a_payment_back_makes_unpaid_and_cancelled(self):
        self.invoice.action_post()
        payment = self.pay(self.invoice)
        self.next_transaction()
        payment.action_draft()
        payment.action_cancel()
        self.assertEqual(self.types(self.invoice)[-1], "invoice.unpaid")
        self.event("payment.cancelled", payment)

    def test_posting_and_paying_in_one_transaction_are_two_events_in_order(self):
        self.invoice.action_post()
        self.pay(self.invoice)
        self.assertEqual(self.types(self.invoice), ["invoice.posted", "invoice.paid"])

    def test_an_invoice_in_dollars_is_told_in_pesos_and_its_total_in_dollars(self):
        invoice = self.make_invoice(price=100)
        invoice.with_user(self.clerk).write({"currency_id": self.use_dollars().id})
        invoice.invoice_line_ids.price_unit = 100
        invoice.action_post()
        data = self.event("invoice.posted", invoice)["data"]
        self.assertEqual((data["currency"], data["document_currency"]), ("CLP", "USD"))
        self.assertEqual(data["amount_currency"], invoice.amount_total)
        self.assertEqual(data["total"], round(invoice.amount_total * 1000))
        self.assertEqual(data["net"] + data["exempt"], 200_000)
        self.assertEqual(data["residual"], data["total"])
        line = data["lines"][0]
        self.assertEqual((line["unit_price"], line["net"]), (100_000, 200_000))

    def test_a_payment_in_dollars_is_told_in_pesos(self):
        payment = self.env(user=self.clerk)["account.payment"].create(
            {
                "partner_id": self.partner.id,
                "amount": 50,
                "currency_id": self.use_dollars().id,
                "payment_type": "inbound",
            }
        )
        payment.action_post()
        data = self.event("payment.registered", payment)["data"]
        self.assertEqual((data["amount"], data["amount_currency"]), (50_000, 50))

    def test_back_to_draft_is_a_reset(self):
        self.invoice.action_post()
        self.next_transaction()
        self.invoice.button_draft()
        self.assertEqual(self.types(self.invoice), ["invoice.posted", "invoice.reset"])

    def test_a_cancelled_invoice_fires_once(self):
        self.invoice.button_cancel()
        self.assertEqual(self.types(self.invoice), ["invoice.cancelled"])
        self.event("invoice.cancelled")

    def test_a_credit_note_is_no_invoice(self):
        refund = self.make_invoice("out_refund")
        refund.action_post()
        self.assertEqual(self.types(refund), ["credit_note.posted"])
        self.event("credit_note.posted", refund)

    def test_what_suppliers_send_is_no_invoice_of_ours(self):
        bill = self.make_invoice("in_invoice")
        if bill.l10n_latam_use_documents:
            bill.l10n_latam_document_number = "000123"
        bill.action_post()
        self.assertEqual(self.types(bill), [])

    def test_posted_and_reset_at_two_flushes_are_both_told_in_order(self):
        with self.env.cr.savepoint():
            self.invoice.action_post()
        with self.env.cr.savepoint():
            self.invoice.button_draft()
        self.assertEqual(self.types(self.invoice), ["invoice.posted", "invoice.reset"])

    def test_an_event_that_comes_true_again_comes_last(self):
        with self.env.cr.savepoint():
            self.invoice.action_post()
        with self.env.cr.savepoint():
            self.invoice.button_draft()
        with self.env.cr.savepoint():
            self.invoice.action_post()
        self.assertEqual(self.types(self.invoice), ["invoice.reset", "invoice.posted"])
        ids = self.deliveries("event_id", where="lane LIKE 'account.move/%'")
        self.assertEqual(len(ids), 2)
