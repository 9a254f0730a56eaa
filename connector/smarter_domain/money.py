"""Chilean pesos (CLP): whole numbers, and the split of the value added tax (IVA).

The peso has no cents (Ley 18.840, and Odoo's CLP has rounding 1). Amounts are ``int`` pesos;
a binary ``float`` is refused wherever money enters, because it cannot hold 0.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

IVA = Decimal("0.19")
"""Rate of the IVA since 2003-10-01 (DL 825, art. 14)."""


def round_half_up(value: Decimal | int | str) -> int:
    """Round to whole pesos; a half goes away from zero: 0.5 is 1 and -0.5 is -1.

    So a credit note is the exact mirror of its invoice. ``str`` is a decimal number with a
    point. Raises ``TypeError`` for a float (or a bool) and ``ValueError`` for what is no
    finite number.
    """
    return int(_decimal(value).quantize(Decimal(1), rounding=ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Amounts:
    """A taxed amount in pesos; ``net + iva == total`` always holds."""

    net: int
    iva: int
    total: int

    def __post_init__(self) -> None:
        for name in ("net", "iva", "total"):
            _require_pesos(name, getattr(self, name))
        if self.net + self.iva != self.total:
            raise ValueError(f"net {self.net} + iva {self.iva} is not total {self.total}")


def from_net(net: int, rate: Decimal = IVA) -> Amounts:
    """Add the tax to ``net`` pesos, as invoices (factura) do."""
    _require_pesos("net", net)
    iva = round_half_up(net * _decimal(rate))
    return Amounts(net, iva, net + iva)


def from_gross(total: int, rate: Decimal = IVA) -> Amounts:
    """Take the tax out of ``total`` pesos, as receipts (boleta) do.

    The net is rounded and the tax is what remains, so that the total the customer paid
    never changes.
    """
    _require_pesos("total", total)
    net = round_half_up(Decimal(total) / (1 + _decimal(rate)))
    return Amounts(net, total - net, total)


def _require_pesos(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be whole pesos (int), not {type(value).__name__}")


def _decimal(value: Decimal | int | str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError(f"money is Decimal, int or str, not {type(value).__name__}")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"not a number: {value!r:.60}") from error
    if not number.is_finite():
        raise ValueError(f"not a finite number: {value!r:.60}")
    return number
