# ruff: noqa: F821
"""In Odoo's shell: what an event costs the user, beside the same write with no subscription.

Blocks with and without alternate, so that a slow moment of the machine hits both. A sample is the
time until the transaction is flushed (all of the capture), and until its commit has returned.
"""

import json
import os
import statistics
import time
from itertools import count

subscription = (
    env["smarter.subscription"].with_context(active_test=False).search([("name", "=", "bench")])
)
number = count()


def timed(action):
    queries, start = env.cr.sql_log_count, time.perf_counter()
    action()
    env.cr.flush()
    flushed = time.perf_counter()
    statements = env.cr.sql_log_count - queries
    env.cr.commit()
    return (flushed - start) * 1e3, (time.perf_counter() - start) * 1e3, statements


def blocks(samples, prepare=lambda: None):
    """{with: [...], without: [...]} of the samples an action gives."""
    found = {True: [], False: []}
    for block in range(6):
        active = bool(block % 2)
        subscription.active = active
        env.cr.commit()
        prepare()
        for action in samples():
            found[active].append(timed(action))
    return found


def summary(found, events):
    on, off = found[True], found[False]
    gain = [
        statistics.median(s[i] for s in on) - statistics.median(s[i] for s in off) for i in range(2)
    ]
    return {
        "flushed": gain[0] / events,
        "committed": gain[1] / events,
        "without": statistics.median(s[0] for s in off) / events,
        "statements_with": statistics.median(s[2] for s in on),
        "statements_without": statistics.median(s[2] for s in off),
    }


partners = env["res.partner"].create([{"name": f"Cliente {n}"} for n in range(20)])
product = env["product.product"].create({"name": "Yerba", "list_price": 1000})
orders = []
env.cr.commit()


def single():
    for _ in range(60):
        yield lambda: partners[0].write({"phone": f"+5691{next(number):07d}"})


def twenty():
    for _ in range(20):
        yield lambda: [partner.write({"phone": f"+5691{next(number):07d}"}) for partner in partners]


def new_orders():
    line = {"product_id": product.id, "product_uom_qty": 2}
    values = {"partner_id": partners[0].id, "order_line": [(0, 0, line)] * 10}
    orders[:] = env["sale.order"].create([values] * 12)
    env.cr.commit()


def confirmations():
    for order in orders:
        yield order.action_confirm


result = {
    "single": summary(blocks(single), 1),
    "twenty": summary(blocks(twenty), 20),
    "order": summary(blocks(confirmations, new_orders), 1),
}
with open(os.environ["DEVKIT_OUT"], "w") as file:
    json.dump(result, file)
