"""One working day of a small Chilean shop, played in Odoo over its own RPC as an ordinary user.

Each step says what a person would do, and which events must leave Odoo because of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from stdnum.cl import rut as stdnum_rut

Call = Callable[..., Any]
"""``call(model, method, *args, **kwargs)`` as the user who is logged in."""


@dataclass(frozen=True)
class Expected:
    """An event that must be delivered: its type and the record it is about."""

    type: str
    aggregate: str


@dataclass(frozen=True)
class Step:
    """What was done, in the words of the person who did it."""

    title: str
    events: tuple[Expected, ...]


class Day:
    """Plays the day; every record is new, so the demo can be run again and again."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.suffix = secrets.token_hex(2).upper()
        self.partner = self.order = self.product = self.invoice = 0

    def play(self) -> Iterator[Step]:
        yield self._product()
        yield self._customer()
        yield self._quotation()
        yield self._confirmation()
        yield self._edit()
        yield from self._delivery()
        yield self._invoice()
        yield self._payment()
        yield self._lead()
        yield self._deleted_draft()

    def _product(self) -> Step:
        self.product = self.call("product.product", "create", {
            "name": f"Yerba mate 1 kg ({self.suffix})", "default_code": f"YM-{self.suffix}",
            "type": "consu", "is_storable": True, "list_price": 4990, "invoice_policy": "order",
        })  # fmt: skip
        warehouse = self.call("stock.warehouse", "search", [], limit=1)[0]
        stock = self.call("stock.warehouse", "read", [warehouse], ["lot_stock_id"])[0]
        quant = self.call("stock.quant", "create", {
            "product_id": self.product, "location_id": stock["lot_stock_id"][0],
            "inventory_quantity": 8,
        })  # fmt: skip
        self.call("stock.quant", "action_apply_inventory", [quant])
        return Step("Llega un producto nuevo: 8 unidades en bodega", (
            Expected("product.created", f"product.product/{self.product}"),
            Expected("stock.changed", f"stock.quant/{quant}"),
        ))  # fmt: skip

    def _customer(self) -> Step:
        self.partner = self.call("res.partner", "create", {
            "name": f"Almacén de Ejemplo {self.suffix}", "is_company": True,
            "vat": random_rut(), "country_id": self._country(), "city": "Temuco",
            "l10n_cl_sii_taxpayer_type": "1",
            "email": f"compras-{self.suffix.lower()}@ejemplo.invalid",
            "phone": "+56 9 1234 " + str(secrets.randbelow(9000) + 1000),
        })  # fmt: skip
        return Step("Se registra un cliente nuevo con su RUT", (
            Expected("contact.created", f"res.partner/{self.partner}"),
        ))  # fmt: skip

    def _country(self) -> int:
        return self.call("res.country", "search", [("code", "=", "CL")], limit=1)[0]

    def _quotation(self) -> Step:
        self.order = self.call("sale.order", "create", {
            "partner_id": self.partner,
            "order_line": [(0, 0, {"product_id": self.product, "product_uom_qty": 4})],
        })  # fmt: skip
        self.call("sale.order", "action_quotation_sent", [self.order])
        return Step("Se le envía una cotización", (
            Expected("quotation.sent", f"sale.order/{self.order}"),
        ))  # fmt: skip

    def _confirmation(self) -> Step:
        self.call("sale.order", "action_confirm", [self.order])
        return Step("El cliente acepta: se confirma el pedido", (
            Expected("order.confirmed", f"sale.order/{self.order}"),
        ))  # fmt: skip

    def _edit(self) -> Step:
        line = self.call("sale.order.line", "search", [("order_id", "=", self.order)], limit=1)
        self.call("sale.order.line", "write", line, {"product_uom_qty": 6})
        return Step("El cliente pide dos unidades más", (
            Expected("order.updated", f"sale.order/{self.order}"),
        ))  # fmt: skip

    def _delivery(self) -> Iterator[Step]:
        picking = self.call("stock.picking", "search", [("sale_id", "=", self.order)], limit=1)
        moves = self.call("stock.move", "search", [("picking_id", "in", picking)])
        self.call("stock.move", "write", moves, {"quantity": 6, "picked": True})
        self._validate(picking)
        yield Step("Se entrega el pedido", (
            Expected("delivery.done", f"stock.picking/{picking[0]}"),
        ))  # fmt: skip
        yield Step("Quedan 2 unidades: bajo el mínimo", (
            Expected("stock.low", f"product.product/{self.product}"),
        ))  # fmt: skip

    def _validate(self, picking: list[int]) -> None:
        """Odoo asks, the first time, whether to tell the customer by SMS: no."""
        asked = self.call("stock.picking", "button_validate", picking)
        if isinstance(asked, dict) and asked.get("res_model") == "confirm.stock.sms":
            context = asked["context"]
            self.call("confirm.stock.sms", "dont_send_sms", [asked["res_id"]], context=context)

    def _invoice(self) -> Step:
        wizard = self.call("sale.advance.payment.inv", "create",
                           {"advance_payment_method": "delivered",
                            "sale_order_ids": [(6, 0, [self.order])]})  # fmt: skip
        self.call("sale.advance.payment.inv", "create_invoices", [wizard])
        self.invoice = self.call("sale.order", "read", [self.order], ["invoice_ids"])[0][
            "invoice_ids"
        ][0]
        self._numbered()
        self.call("account.move", "action_post", [self.invoice])
        return Step("Se emite la factura", (
            Expected("invoice.posted", f"account.move/{self.invoice}"),
        ))  # fmt: skip

    def _numbered(self) -> None:
        """Chile's journals ask for the first number of each document type by hand."""
        move = self.call("account.move", "read", [self.invoice],
                         ["name", "l10n_latam_document_number"])[0]  # fmt: skip
        if not move["l10n_latam_document_number"]:
            number = str(secrets.randbelow(800_000) + 100_000)
            values = {"l10n_latam_document_number": number}
            self.call("account.move", "write", [self.invoice], values)

    def _payment(self) -> Step:
        context = {"active_model": "account.move", "active_ids": [self.invoice]}
        wizard = self.call("account.payment.register", "create", {}, context=context)
        self.call("account.payment.register", "action_create_payments", [wizard], context=context)
        payment = self.call("account.payment", "search",
                            [("invoice_ids", "in", [self.invoice])], limit=1)  # fmt: skip
        return Step("El cliente paga la factura", (
            Expected("payment.registered", f"account.payment/{payment[0]}"),
            Expected("invoice.paid", f"account.move/{self.invoice}"),
        ))  # fmt: skip

    def _lead(self) -> Step:
        lead = self.call("crm.lead", "create", {
            "name": f"Canastas de fin de año ({self.suffix})", "type": "opportunity",
            "partner_id": self.partner, "expected_revenue": 350000,
        })  # fmt: skip
        self.call("crm.lead", "action_set_won", [lead])
        return Step("Se gana una oportunidad", (
            Expected("lead.created", f"crm.lead/{lead}"), Expected("lead.won", f"crm.lead/{lead}"),
        ))  # fmt: skip

    def _deleted_draft(self) -> Step:
        draft = self.call("sale.order", "create", {"partner_id": self.partner})
        self.call("sale.order", "unlink", [draft])
        return Step("Se borra un borrador hecho por error", (
            Expected("record.deleted", f"sale.order/{draft}"),
        ))  # fmt: skip


def random_rut() -> str:
    """A valid RUT that is nobody's: people are below 30 million, companies above 50 million."""
    number = str(35_000_000 + secrets.randbelow(5_000_000))
    return f"{number}-{stdnum_rut.calc_check_digit(number)}"
