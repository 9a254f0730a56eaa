"""The peer: erpdoo 0.1.0 (PyPI), which reads Odoo's write-ahead log and posts to a webhook.

It runs in an environment of its own, on a clone of the same Odoo database, with one rule on
contacts. Where it cannot be installed its figures are left out, and the run says so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devkit import databases, templates
from devkit.bench.bed import Bed
from devkit.bench.processes import Sink, process
from devkit.paths import SetupError

REQUIREMENT = "erpdoo==0.1.0"
RULES = """\
ContactChanged:
  model: res.partner
  on: [create, update]
  when:
    name: { changed: true }
  fields: [name, vat, email, phone, is_company, street, city, active]
"""
CONFIG = """\
sinks:
  - type: webhook
    url: {url}
    secret: ${{ERPDOO_BENCH_SECRET}}
"""


def backlog_rate(bed: Bed, receiver: Sink, events: int) -> float | None:
    """Events a second out of a backlog of created contacts, or None without the peer."""
    if (python := _environment(bed)) is None:
        return None
    name = "bench_peer"
    databases.drop(bed.runtime, name)
    databases.clone(bed.runtime, templates.ensure(bed.runtime), name)
    try:
        with running(bed, python, name, receiver.url("peer")):
            pass  # makes the slot, so that what follows waits in it
        _create_contacts(bed, name, events)
        receiver.reset()
        with running(bed, python, name, receiver.url("peer")):
            stats = receiver.wait_for(events, 180)
        return events / (stats["last"] - stats["first"])
    finally:
        forget(bed, name)
        databases.drop(bed.runtime, name)


def _environment(bed: Bed) -> Path | None:
    folder = bed.home.root / "bench-erpdoo"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        done = [
            subprocess.run(command, capture_output=True).returncode
            for command in (
                [sys.executable, "-m", "venv", str(folder)],
                [str(python), "-m", "pip", "install", "-q", REQUIREMENT, "requests"],
            )
        ]
        if any(done):
            print(
                f"bench: {REQUIREMENT} cannot be installed, its figures are left out",
                file=sys.stderr,
            )
            return None
        (folder / "ready").touch()
    return python


def environment(bed: Bed) -> Path | None:
    """The Python that has the peer, installed on first use."""
    return _environment(bed)


@contextmanager
def running(bed: Bed, python: Path, database: str, url: str) -> Iterator[None]:
    """The peer, from the moment it streams."""
    folder = bed.folder / database
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    (folder / "rules" / "contacts.yml").write_text(RULES)
    (folder / "erpdoo.yml").write_text(CONFIG.format(url=url))
    log = folder / "log"
    log.write_text("")
    settings = {
        "PATH": os.defpath,
        "PGPASSWORD": bed.server.admin.password,
        "ERPDOO_PG_DSN": f"host={bed.server.admin.host} port={bed.server.admin.port} "
        f"user={bed.server.admin.user} dbname={database}",
        "ERPDOO_SLOT": f"slot_{database}",
        "ERPDOO_STATE": str(folder / "state.db"),
        "ERPDOO_BENCH_SECRET": bed.key.text,
    }
    with process([str(python), "-m", "erpdoo"], settings, log, cwd=folder) as child:
        end = time.monotonic() + 60
        while "streaming to webhook" not in log.read_text():
            if child.poll() is not None or time.monotonic() > end:
                raise SetupError(f"the peer did not start: {log.read_text()[-400:]}")
            time.sleep(0.1)
        yield


def forget(bed: Bed, database: str) -> None:
    """Drop the peer's replication slot, which would hold back the log for ever."""
    with bed.server.admin.connect(database) as connection:
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
            "WHERE slot_name = %s AND NOT active",
            [f"slot_{database}"],
        )


def _create_contacts(bed: Bed, database: str, count: int) -> None:
    """Copies of one contact under other names, a hundred in a transaction."""
    query = """
        INSERT INTO res_partner SELECT (jsonb_populate_record(p, jsonb_build_object(
            'id', nextval('res_partner_id_seq'), 'name', 'Cliente ' || n,
            'email', 'compras@ejemplo.invalid', 'city', 'Temuco'))).*
        FROM res_partner p, generate_series(%s::int, %s::int) n
        WHERE p.id = (SELECT partner_id FROM res_users WHERE login = 'admin')
    """
    with bed.server.odoo.connect(database) as connection:
        for start in range(0, count, 100):
            connection.execute(query, [start + 1, start + 100])
