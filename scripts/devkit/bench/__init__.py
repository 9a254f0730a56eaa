"""``scripts/bench [NAME...]``: one JSON line for each figure, with a peer or limit of the same run.

Names: backlog, odoo (cost in the transaction, latency), memory, tenants (created, opened, picked
up by the connector), upgrades; all of them when none is given.
These are measurements, not tests: nothing here fails because a machine is slow.
"""

from __future__ import annotations

import sys

NAMES = ("odoo", "backlog", "memory", "tenants", "upgrades")


def main(argv: list[str]) -> int:
    if unknown := [name for name in argv if name not in NAMES]:
        print(f"{__doc__}\nbench: unknown: {', '.join(unknown)}", file=sys.stderr)
        return 2
    from devkit.bench import backlog, bed, in_odoo, memory, tenants, upgrades
    from devkit.bench.figure import emit, machine

    modules = {
        "odoo": in_odoo, "backlog": backlog, "memory": memory, "tenants": tenants,
        "upgrades": upgrades,
    }  # fmt: skip
    print(machine(), flush=True)
    with bed.opened() as found:
        for name in argv or NAMES:
            for figure in modules[name].measure(found):
                emit(figure)
    return 0
