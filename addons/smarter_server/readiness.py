"""How a tenant is: its registry, its crons, its outbox and its tax documents.

A check that *fails* means the tenant cannot work here (503); one that *warns* means somebody should
look before it fails. Times are in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from odoo import SUPERUSER_ID, api

from .routes import Route, Routes

PASS, WARN, FAIL = "pass", "warn", "fail"
_RANK = (PASS, WARN, FAIL)

CRON_WARN, CRON_FAIL = 10 * 60, 60 * 60
OUTBOX_WARN = 15 * 60

#: Models of the electronic invoicing addon. Each answers ``_smarter_ready()``: a dict with
#: ``status`` (pass, warn or fail) and whatever facts help.
DOCUMENTS = {"caf": "smarter.dte.caf", "certificate": "smarter.dte.certificate"}

CRON_LAG = """
    SELECT coalesce(extract(epoch FROM (now() AT TIME ZONE 'utc') - min(nextcall)), 0)
    FROM ir_cron WHERE active AND nextcall < now() AT TIME ZONE 'utc'
"""
OUTBOX = """
    SELECT (SELECT held FROM smarter_outbox_state),
           (SELECT count(*) FROM smarter_delivery WHERE state = 'dead'),
           (SELECT count(*) FROM smarter_delivery WHERE state IN ('pending', 'leased')),
           (SELECT coalesce(extract(epoch FROM (now() AT TIME ZONE 'utc') - min(create_date)), 0)
            FROM smarter_delivery WHERE state IN ('pending', 'leased'))
"""


@dataclass(frozen=True)
class Check:
    status: str
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    checks: dict[str, Check]

    @property
    def status(self) -> str:
        return max((check.status for check in self.checks.values()), key=_RANK.index)

    @property
    def http_status(self) -> int:
        return 503 if self.status == FAIL else 200

    def facts(self) -> dict[str, object]:
        checks = {
            name: {"status": check.status, **check.facts} for name, check in self.checks.items()
        }
        return {"status": self.status, "checks": checks}


def report(env: api.Environment | None, route: Route, routes: Routes) -> Report:
    """All checks of the tenant; ``env`` is None when its registry could not be loaded."""
    if env is None:
        return Report({"registry": Check(FAIL, {"loaded": False})})
    return Report(dict(_checks(env, route, routes)))


def _checks(env: api.Environment, route: Route, routes: Routes) -> Iterator[tuple[str, Check]]:
    yield "registry", _registry(env)
    yield "cron", _cron(env, route, routes.served_for(route.database))
    yield "outbox", _outbox(env)
    for name, model in DOCUMENTS.items():
        yield name, _document(env, model)


def _registry(env: api.Environment) -> Check:
    env.cr.execute("SELECT count(*) FROM ir_module_module WHERE starts_with(state, 'to ')")
    changing = env.cr.fetchone()[0]
    return Check(FAIL if changing else PASS, {"loaded": True, "modules_changing": changing})


def _cron(env: api.Environment, route: Route, served_for: float) -> Check:
    """How long the next job has waited, but no longer than this server has known the tenant: a new
    one inherits its template's dates."""
    if not route.active:
        return Check(PASS, {"paused": route.status})
    env.cr.execute(CRON_LAG)
    lag = int(min(float(env.cr.fetchone()[0]), served_for))
    return Check(FAIL if lag > CRON_FAIL else WARN if lag > CRON_WARN else PASS, {"lag": lag})


def _outbox(env: api.Environment) -> Check:
    env.cr.execute("SELECT to_regclass('smarter_delivery') IS NOT NULL")
    if not env.cr.fetchone()[0]:
        return Check(PASS, {"absent": True})
    env.cr.execute(OUTBOX)
    held, dead, waiting, age = env.cr.fetchone()
    late = age > OUTBOX_WARN and not held
    facts = {"held": bool(held), "dead": dead, "waiting": waiting, "oldest": int(age)}
    return Check(WARN if late or dead else PASS, facts)


def _document(env: api.Environment, model: str) -> Check:
    if model not in env:
        return Check(PASS, {"absent": True})
    # The visitor is nobody; what is read are counts and dates, and only monitors are told.
    ready: Callable[[], dict] = env(user=SUPERUSER_ID)[model]._smarter_ready
    facts = dict(ready())
    return Check(facts.pop("status"), facts)
