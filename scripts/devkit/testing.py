"""``scripts/test``: all tests, those of one addon, or the fast ones that need no Odoo.

    scripts/test                     tests/ and every addon
    scripts/test --fast              tests/ only: no Odoo, and no drills that kill processes
    scripts/test smarter_base ...    these addons; a path below tests/ or addons/ works too
    scripts/test --soak              fault tests in their long form

Everything else is handed to pytest. In CI (CI=true) a browser test that is skipped has failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from devkit import browser, databases, odoo_process, odoo_source, paths, server, tally, templates
from devkit.odoo_process import OUR_ADDONS, Runtime
from devkit.paths import REPO, SetupError
from devkit.progress import say, step, warn

TESTS = REPO / "tests"
NO_TESTS = 5  # pytest's exit code when it collected nothing
RUN_PREFIX = "run_"

#: pytest's exit code, and how many tests had each outcome.
Result = tuple[int, dict[str, int]]


@dataclass
class Plan:
    """What the command line asks for."""

    fast: bool = False
    addons: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)

    @property
    def addon_options(self) -> list[str]:
        """Options of ``tests/conftest.py`` mean nothing to the addons' tests."""
        return [word for word in self.options if word != "--soak"]


def parse(argv: Sequence[str], known_addons: Sequence[str]) -> Plan:
    """Sort the arguments: addons, paths, and what is pytest's own business."""
    plan = Plan()
    for word in argv:
        place = word.split("::")[0].rstrip("/")
        if word == "--fast":
            plan.fast = True
        elif place in known_addons:
            plan.addons.append(f"addons/{word}")
        elif place.startswith("addons/") and (REPO / place).exists():
            plan.addons.append(word)
        elif place.split("/")[0] == "tests" and (REPO / place).exists():
            plan.plain.append(word)
        else:
            plan.options.append(word)
    if not plan.addons and not plan.plain:
        plan.plain = ["tests"]
        plan.addons = [] if plan.fast else [f"addons/{name}" for name in _tested(known_addons)]
    if plan.fast:
        plan.options += ["-m", "not odoo and not drill"]
    return plan


def _tested(addons: Sequence[str]) -> list[str]:
    return [name for name in addons if (OUR_ADDONS / name / "tests").is_dir()]


def main(argv: list[str]) -> int:
    if {"-h", "--help"} & set(argv):
        print(__doc__)
        return 0
    plan = parse(argv, templates.our_addons())
    started = time.monotonic()
    home = paths.open_home()
    results = []
    if plan.addons:
        results.append(_guarded(_run_addons, home, plan))
    if plan.plain:
        results.append(_guarded(_run_plain, home, plan))
    if len(results) > 1:
        print(
            closing_line([counts for _, counts in results], time.monotonic() - started), flush=True
        )
    return next((code for code, _ in results if code not in (0, NO_TESTS)), 0)


def _guarded(run: Callable[..., Result], home: paths.Home, plan: Plan) -> Result:
    """What cannot even start is one error of the total; the other half still runs."""
    try:
        return run(home, plan)
    except SetupError as error:
        warn(f"smarteros: {error}")
        return 1, {"error": 1}


def _run_addons(home: paths.Home, plan: Plan) -> Result:
    browser.ensure()
    odoo = odoo_source.ensure(home)
    with server.opened(home, "test") as found:
        runtime = Runtime(home, odoo, found)
        odoo_process.write_config(runtime)
        with scratch_database(runtime) as database:
            say(f"Odoo {odoo.version}, PostgreSQL of {found.admin.host}, database {database}")
            command = [*_odoo_pytest(home, database), *plan.addons, *plan.addon_options]
            return _pytest(command, odoo_process.environment(runtime))


@contextmanager
def scratch_database(runtime: Runtime):
    """A clone of the newest template, dropped at the end; left-overs of killed runs go too."""
    template = templates.ensure(runtime)
    _drop_orphans(runtime)
    name = f"{RUN_PREFIX}{os.getpid()}"
    with step("Cloning the template database"):
        databases.drop(runtime, name)
        databases.clone(runtime, template, name)
        provision(runtime, name)
    try:
        yield name
    finally:
        databases.drop(runtime, name)


def provision(runtime: Runtime, database: str) -> None:
    """Give the connector's role what it may do in this database, as for every tenant."""
    try:
        from smarter_connector import provisioning
    except ModuleNotFoundError:
        return
    login = runtime.server
    with login.admin.connect(database) as connection:
        provisioning.provision(connection, owner=login.odoo.user, role=login.connector.user)


def _drop_orphans(runtime: Runtime) -> None:
    for name in databases.names(runtime, RUN_PREFIX):
        process = name.removeprefix(RUN_PREFIX)
        if process.isdigit() and not Path("/proc", process).exists():
            try:
                databases.drop(runtime, name)
            except psycopg.Error as error:
                say(f"could not drop {name}: {error}")


def _odoo_pytest(home: paths.Home, database: str) -> list[str]:
    log = home.logs / "odoo-test.log"
    log.write_text("")
    return [
        "--import-mode=prepend", "-p", "no:cacheprovider",
        f"--odoo-database={database}", "--odoo-http", "--odoo-log-level=info",
        "--odoo-extra", f"logfile={log}", "--log-level=WARNING",
    ]  # fmt: skip


def _run_plain(home: paths.Home, plan: Plan) -> Result:
    kept = {
        key: value for key, value in os.environ.items()
        if not key.startswith(odoo_process.FOREIGN_PREFIXES)
    }  # fmt: skip
    # A server of the user's own keeps serving the tests that need PostgreSQL.
    kept |= {key: os.environ[key] for key in os.environ if key.startswith("PG")}
    python = os.pathsep.join((str(REPO / "scripts"), str(REPO / "connector")))
    environment = {**kept, "PYTHONPATH": python, "LANG": "C.UTF-8", "TZ": "UTC"}
    return _pytest(["-p", "no:odoo", *_parallel(plan), *plan.plain, *plan.options], environment)


def _parallel(plan: Plan) -> list[str]:
    """All tests at once use all processors; a few start faster without helpers."""
    by_hand = any(
        word.startswith(("-n", "--pdb", "--dist", "--durations")) for word in plan.options
    )
    if plan.plain != ["tests"] or by_hand:
        return []
    # One more than processors: the fault tests mostly wait for leases and for processes to start.
    helpers = min(os.cpu_count() or 1, 4) + 1
    return ["-n", str(helpers), "--dist", "loadfile", "--no-loadscope-reorder"]


def _pytest(arguments: list[str], environment: dict[str, str]) -> Result:
    strict = "1" if environment.get("CI", "").lower() in ("1", "true") else "0"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "tally.json"
        own = {tally.FILE: str(place), tally.STRICT: strict}
        command = [sys.executable, "-m", "pytest", "-p", "devkit.tally", *arguments]
        done = subprocess.run(
            command, cwd=REPO, env={**environment, **own}, stdin=subprocess.DEVNULL
        )
        if not place.exists():
            raise SetupError(f"pytest ended with {done.returncode} before it could report")
        return done.returncode, json.loads(place.read_text())


def closing_line(counts: Sequence[dict[str, int]], seconds: float) -> str:
    """pytest's own closing line, over all its runs."""
    total = {name: sum(count.get(name, 0) for count in counts) for name in tally.OUTCOMES}
    order = ("failed", "subtests failed", "passed", "skipped", "xfailed", "xpassed", "error")
    words = [f"{total[name]} {name}" for name in order if total[name] or name == "passed"]
    return f" {', '.join(words)} in {seconds:.2f}s ".center(80, "=")
