"""In whose name an event leaves: the company of the record, or the tenant for shared records."""

from __future__ import annotations

from dataclasses import dataclass

LANG = "es_CL"


@dataclass(frozen=True)
class Sender:
    """``rut`` plain, '' while the tenant has none. ``scope``: companies under that RUT.
    ``lineage``: the company and those above it. ``allowed``: for the environment that reads."""

    rut: str
    scope: tuple[int, ...]
    lineage: frozenset[int]
    allowed: tuple[int, ...]
    lang: str

    def serves(self, company_id: int | None) -> bool:
        """Whether a subscription of ``company_id`` gets these events: its branches' too, and
        shared records go to everybody."""
        return not company_id or not self.lineage or company_id in self.lineage


def read_senders(cr, tenant_rut: str) -> dict[int | None, Sender]:
    """Every company's sender, and under None the tenant's. Plain SQL: may run inside a flush."""
    cr.execute("SELECT count(*) FROM res_lang WHERE code = %s AND active", [LANG])
    lang = LANG if cr.fetchone()[0] else "en_US"
    cr.execute(
        "SELECT id, parent_path, smarter_rut FROM res_company ORDER BY parent_id NULLS FIRST, id"
    )
    paths, ruts = {}, {}
    for id_, path, rut in cr.fetchall():
        paths[id_] = tuple(int(part) for part in (path or f"{id_}/").strip("/").split("/"))
        ruts[id_] = rut or ""
    senders = {id_: _sender(id_, paths, ruts, tenant_rut, lang) for id_ in paths}
    main = next((id_ for id_ in paths if ruts[id_] == tenant_rut), min(paths))
    senders[None] = Sender(tenant_rut, senders[main].scope, frozenset(), (main,), lang)
    return senders


def _sender(id_, paths, ruts, tenant_rut, lang) -> Sender:
    root = paths[id_][0]
    scope = tuple(other for other, path in paths.items() if path[0] == root)
    allowed = (id_, *(other for other in scope if other != id_))
    return Sender(ruts[root] or tenant_rut, scope, frozenset(paths[id_]), allowed, lang)
