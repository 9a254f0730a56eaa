"""The demo's verdict: whatever did not arrive is named."""

from __future__ import annotations

from types import SimpleNamespace

from devkit.demo import report
from devkit.demo.day import Expected
from devkit.demo.watch import Arrival, Row

ORDER = Expected("order.confirmed", "sale.order/7")
CONTACT = Expected("contact.created", "res.partner/3")


class FakeWatch:
    """What the receivers say they have: everything, unless taken away."""

    context = SimpleNamespace(tenant=SimpleNamespace(rut="77654321-7"))

    def __init__(self) -> None:
        self.n8n = {"order.confirmed", "contact.created"}
        self.chatwoot = {"77654321-7:3"}
        self.facts = {("orders", 7), ("customers", 3)}

    def received_by_n8n(self) -> set[str]:
        return self.n8n

    def contacts_in_chatwoot(self) -> set[str]:
        return self.chatwoot

    def in_warehouse(self, table: str, column: str, record: int) -> bool:
        return (table, record) in self.facts


def row(fact: Expected, **changed: str) -> Row:
    states = {**dict.fromkeys(report.TARGETS, "delivered"), **changed}
    arrivals = {name: Arrival(state) for name, state in states.items()}
    return Row(fact.type, fact.type, fact.aggregate, "ready", "", arrivals)


def problems(watch: FakeWatch, *rows: Row) -> list[str]:
    return report.problems(watch, rows, [ORDER, CONTACT])


def test_a_day_of_which_all_arrived_has_no_problem() -> None:
    assert problems(FakeWatch(), row(ORDER), row(CONTACT)) == []


def test_an_event_that_odoo_never_told_is_named() -> None:
    assert problems(FakeWatch(), row(CONTACT)) == [
        "order.confirmed sale.order/7: Odoo announced no such event"
    ]


def test_a_delivery_that_died_is_named_with_its_target() -> None:
    (problem,) = problems(FakeWatch(), row(ORDER, Chatwoot="dead"), row(CONTACT))
    assert "sale.order/7" in problem and "Chatwoot is dead" in problem


def test_what_a_receiver_does_not_have_is_named_whatever_odoo_believes() -> None:
    watch = FakeWatch()
    watch.n8n, watch.chatwoot, watch.facts = {"contact.created"}, set(), {("customers", 3)}
    assert problems(watch, row(ORDER), row(CONTACT)) == [
        "order.confirmed sale.order/7: n8n has not received it",
        "res.partner/3: Chatwoot has no contact 77654321-7:3",
        "sale.order/7: the warehouse does not show it",
    ]
