"""Pieces of the examples. The companies are invented; their RUTs only have a right check digit."""

from __future__ import annotations

from typing import Any

PARTNER: dict[str, Any] = {
    "id": 31,
    "name": "Ferretería Los Aromos Ltda.",
    "rut": "12345678-5",
    "email": "compras@losaromos.example",
    "phone": "+56 2 2345 6789",
    "is_company": True,
    "parent_id": None,
    "balance": 119000,
    "customer_since": "2026-03-02",
}
SUPPLIER: dict[str, Any] = {
    **PARTNER,
    "id": 44,
    "name": "Distribuidora El Canelo SpA",
    "rut": "11111111-1",
    "email": "ventas@elcanelo.example",
    "balance": 0,
    "customer_since": None,
}
LINE: dict[str, Any] = {
    "id": 901,
    "product_id": 12,
    "sku": "TAL-500",
    "name": "Taladro percutor 500 W",
    "kind": "product",
    "qty": 2.0,
    "uom": "Unidades",
    "unit_price": 45000,
    "net": 90000,
    "cost": 60000,
}
DELIVERY_LINE: dict[str, Any] = {
    "id": 902,
    "product_id": 3,
    "sku": None,
    "name": "Despacho a domicilio",
    "kind": "delivery",
    "qty": 1.0,
    "uom": "Unidades",
    "unit_price": 10000,
    "net": 10000,
    "cost": None,
}
PRODUCT: dict[str, Any] = {
    "id": 12,
    "sku": "TAL-500",
    "name": "Taladro percutor 500 W",
    "tracked": True,
}
WAREHOUSE: dict[str, Any] = {"id": 1, "code": "BC", "name": "Bodega central"}
IN_PESOS: dict[str, Any] = {
    "currency": "CLP",
    "document_currency": "CLP",
    "amount_currency": 119000,
}
AMOUNTS: dict[str, Any] = {**IN_PESOS, "net": 100000, "tax": 19000, "total": 119000}
