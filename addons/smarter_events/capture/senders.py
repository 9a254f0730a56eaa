"""In whose name an event leaves: the company of the record, or the tenant for shared records."""

from __future__ import annotations

from dataclasses import dataclass, replace

from odoo.tools import float_round

LANG = "es_CL"


@dataclass(frozen=True)
class Currency:
    """A currency as amounts need it, without a query for each transaction."""

    name: str
    rounding: float
    decimal_places: int

    def round(self, amount: float) -> float:
        return float_round(amount, precision_rounding=self.rounding)


@dataclass(frozen=True)
class Sender:
    """``rut`` plain, '' while the tenant has none. ``scope``: companies under that RUT.
    ``lineage``: the company and those above it. ``allowed``: for the environment that reads.
    ``currency`` is the company's. ``mixed``: the records belong to companies of several RUTs."""

    rut: str
    scope: tuple[int, ...]
    lineage: frozenset[int]
    allowed: tuple[int, ...]
    lang: str
    currency: Currency
    mixed: bool = False

    def serves(self, company_id: int | None) -> bool:
        """Whether a subscription of ``company_id`` gets these events: its branches' too, and
        shared records go to everybody."""
        return not company_id or not self.lineage or company_id in self.lineage


def read_senders(cr, tenant_rut: str) -> dict[int | None, Sender]:
    """Every company's sender, and under None the tenant's. Plain SQL: may run inside a flush."""
    cr.execute("SELECT count(*) FROM res_lang WHERE code = %s AND active", [LANG])
    lang = LANG if cr.fetchone()[0] else "en_US"
    cr.execute(
        "SELECT c.id, c.parent_path, coalesce(c.smarter_rut, '') AS rut, u.name, u.rounding,"
        " u.decimal_places FROM res_company c JOIN res_currency u ON u.id = c.currency_id"
        " ORDER BY c.parent_id NULLS FIRST, c.id"
    )
    rows = {row["id"]: row for row in cr.dictfetchall()}
    roots = {id_: _path(row)[0] for id_, row in rows.items()}
    senders = {id_: _sender(row, rows, roots, tenant_rut, lang) for id_, row in rows.items()}
    main = next((id_ for id_ in rows if rows[id_]["rut"] == tenant_rut), min(rows))
    senders[None] = replace(
        senders[main],
        rut=tenant_rut,
        lineage=frozenset(),
        allowed=(main,),
        mixed=len(set(roots.values())) > 1,
    )
    return senders


def _path(row) -> tuple[int, ...]:
    """Ids from the root company down to this one."""
    path = row["parent_path"] or f"{row['id']}/"
    return tuple(int(part) for part in path.strip("/").split("/"))


def _sender(row, rows, roots, tenant_rut, lang) -> Sender:
    id_, root = row["id"], roots[row["id"]]
    scope = tuple(other for other in rows if roots[other] == root)
    return Sender(
        rut=rows[root]["rut"] or tenant_rut,
        scope=scope,
        lineage=frozenset(_path(row)),
        allowed=(id_, *(other for other in scope if other != id_)),
        lang=lang,
        currency=Currency(row["name"], row["rounding"], row["decimal_places"]),
    )
