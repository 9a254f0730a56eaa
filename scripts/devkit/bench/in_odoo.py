"""What has to be measured inside Odoo: the cost of an event to the user, and its way out."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devkit import databases, odoo_process, templates
from devkit.bench import bare, peer
from devkit.bench.bed import Bed, Tenant
from devkit.bench.figure import Figure, percentile
from devkit.bench.processes import Sink, sink

SCRIPTS = Path(__file__).parent / "odoo"
DATABASE = "bench_odoo"
WRITES = 200


def measure(bed: Bed) -> Iterator[Figure]:
    with sink(bed.environment(), bed.key_file, bed.log("sink")) as receiver, _database(bed):
        _run(bed, "setup", url=receiver.url(), key=bed.key.text)
        yield from _costs(_run(bed, "cost"))
        yield _latency(bed, receiver)


@contextmanager
def _database(bed: Bed) -> Iterator[None]:
    databases.drop(bed.runtime, DATABASE)
    databases.clone(bed.runtime, templates.ensure(bed.runtime), DATABASE)
    bed.provision(DATABASE)
    try:
        yield
    finally:
        peer.forget(bed, DATABASE)
        databases.drop(bed.runtime, DATABASE)


def _run(bed: Bed, script: str, **values: object) -> dict:
    out = bed.folder / f"{script}.json"
    out.unlink(missing_ok=True)
    text = {name: str(value) for name, value in values.items()} | {"out": str(out)}
    odoo_process.shell(bed.runtime, DATABASE, (SCRIPTS / f"{script}.py").read_text(), text)
    return json.loads(out.read_text()) if out.exists() else {}


def _costs(found: dict) -> Iterator[Figure]:
    cases = (
        ("single", "cost of one event in a transaction", 1.0),
        ("twenty", "cost of an event in a transaction of 20", 0.5),
        ("order", "cost of confirming an order of ten lines", 3.0),
    )
    for key, name, limit in cases:
        case = found[key]
        yield Figure(
            name,
            case["flushed"],
            "ms",
            f"< {limit:g}",
            case["flushed"] < limit,
            {
                "the write without subscription": case["without"],
                "with commit and wake-up": case["committed"],
            },
            {"sql_with": case["statements_with"], "sql_without": case["statements_without"]},
        )


def _latency(bed: Bed, receiver: Sink) -> Figure:
    ours, waited = _way_out(bed, receiver, "ours")
    beside = {
        "bare NOTIFY + claim + POST, p50": statistics.median(bare.latencies(bed, receiver, WRITES))
    }
    if python := peer.environment(bed):
        with peer.running(bed, python, DATABASE, receiver.url("peer")):
            theirs, _ = _latencies(bed, receiver, "peer")
        beside |= {
            "erpdoo, p50": statistics.median(theirs),
            "erpdoo, p95": percentile(theirs, 0.95),
        }
    own, own_waited = _own_webhook(bed, receiver)
    beside |= {
        "Odoo's own webhook action, p50": statistics.median(own),
        "user waits after commit, ours": waited,
        "user waits after commit, Odoo's own webhook": own_waited,
    }
    p50, p95 = statistics.median(ours), percentile(ours, 0.95)
    return Figure(
        "commit in Odoo to POST received, p50",
        p50,
        "ms",
        "p50 < 5, p95 < 15",
        p50 < 5 and p95 < 15,
        beside,
        {"p95": round(p95, 2), "events": len(ours)},
    )


def _way_out(bed: Bed, receiver: Sink, prefix: str) -> tuple[list[float], float]:
    with bed.server.odoo.connect(DATABASE) as connection:
        connection.execute("UPDATE smarter_subscription SET active = true")
        connection.execute("TRUNCATE smarter_event CASCADE")
        uuid = connection.execute(
            "SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'"
        ).fetchone()[0]
        rut = connection.execute("SELECT tenant_rut FROM smarter_outbox_state").fetchone()[0]
    with bed.connector([Tenant(DATABASE, uuid, rut)], "connector-latency"):
        return _latencies(bed, receiver, prefix)


def _latencies(bed: Bed, receiver: Sink, prefix: str) -> tuple[list[float], float]:
    """Milliseconds from commit to arrival, and what the user waited after the commit."""
    receiver.reset()
    found = _run(bed, "latency", prefix=prefix, count=WRITES)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        arrived = receiver.get("times")
        if found["committed"].keys() <= arrived.keys():
            break
        threading.Event().wait(0.2)
    return [(arrived[label] - at) * 1e3 for label, at in found["committed"].items()], found[
        "waited"
    ]


def _own_webhook(bed: Bed, receiver: Sink) -> tuple[list[float], float]:
    odoo_process.install(bed.runtime, DATABASE, ["base_automation"])
    _run(bed, "webhook", url=receiver.url("plain"))
    return _latencies(bed, receiver, "own")
