"""The types of event that are shipped, one module a family. Odoo modules are never imported here:
a type whose model is missing sleeps until the model is there."""

from . import (
    contact,
    deleted,
    delivery,
    invoice,
    lead,
    order,
    payment,
    pos,
    product,
    purchase,
    stock,
    tenant,
)

# The order is that of a backfill: what others refer to comes first.
SHIPPED = (
    *tenant.TYPES,
    *contact.TYPES,
    *product.TYPES,
    *lead.TYPES,
    *order.TYPES,
    *purchase.TYPES,
    *pos.TYPES,
    *invoice.TYPES,
    *payment.TYPES,
    *delivery.TYPES,
    *stock.TYPES,
    *deleted.TYPES,
)
