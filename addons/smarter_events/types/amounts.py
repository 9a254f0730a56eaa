"""Amounts of a document: told in the company's currency, its total also in the document's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..capture.declaration import Batch
from ..capture.senders import Currency
from ..capture.values import money


@dataclass(frozen=True)
class Amounts:
    """Converts amounts of a document to ``own``, the company's currency.

    ``document`` is the document's (res.currency), ``rate`` how much of it one unit of ``own`` was
    worth on the document's day, as the document itself keeps it.
    """

    own: Currency
    document: Any
    rate: float

    @classmethod
    def of(cls, batch: Batch, document, rate: float) -> Amounts:
        same = document.name == batch.currency.name
        return cls(batch.currency, document, 1.0 if same else rate or 1.0)

    @property
    def is_foreign(self) -> bool:
        return self.document.name != self.own.name

    def __call__(self, amount: float) -> int | float:
        return money(amount / self.rate, self.own)

    def block(self, *, net: float, total: float) -> dict[str, Any]:
        """From amounts of the document; the tax is what is left, so that the three add up."""
        own_net, own_total = self(net), self(total)
        return self.labels(total) | {
            "net": own_net,
            "tax": money(own_total - own_net, self.own),
            "total": own_total,
        }

    def labels(self, total: float) -> dict[str, Any]:
        """What the amounts are in, and ``total`` as it stands on the document."""
        return {
            "currency": self.own.name,
            "document_currency": self.document.name,
            "amount_currency": money(total, self.document),
        }
