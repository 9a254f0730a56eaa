"""Template databases in two layers: Odoo's own modules, and ours installed onto a clone of them.

Each is named by a hash of what it was made from, so nothing is ever updated in place: a change of
the code makes a new one, and the oldest are dropped. Nobody can connect to a finished template.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from devkit import databases, odoo_process, odoo_source, paths, server
from devkit.locking import lock
from devkit.odoo_process import Runtime
from devkit.progress import step
from devkit.venv import digest
from smarter_connector.tenants.templates import CHILEAN_COMPANY, FINISH

STOCK_MODULES = (
    "account", "l10n_cl", "sale_management", "stock", "sale_stock", "purchase",
    "purchase_stock", "crm", "sale_crm", "contacts", "point_of_sale",
)  # fmt: skip
LANGUAGE = "es_CL"
KEPT = 3
STOCK_PREFIX, OURS_PREFIX = "tpl_stock_", "tpl_ours_"
SCRIPTS = Path(__file__).parent / "odoo_scripts"
#: Files that no installed database depends on.
IGNORED_PARTS = {"tests", "__pycache__", "readme", "description"}


def our_addons(folder: Path = odoo_process.OUR_ADDONS) -> list[str]:
    """Names of the addons of this repository that can be installed; ``smarter_server`` cannot, the
    server itself loads it, and no database depends on it."""
    found = []
    for manifest in sorted(folder.glob("*/__manifest__.py")):
        if ast.literal_eval(manifest.read_text()).get("installable", True):
            found.append(manifest.parent.name)
    return found


def tree_digest(roots: Iterable[Path]) -> str:
    """A hash of the files below the folders, tests left out: a new test rebuilds nothing."""
    parts = []
    for root in roots:
        for path in sorted(root.rglob("*")):
            inner = path.relative_to(root)
            if path.is_file() and not IGNORED_PARTS & set(inner.parts) and path.suffix != ".pyc":
                parts += [str(inner).encode(), path.read_bytes()]
    return digest(*parts)


def stock_name(runtime: Runtime) -> str:
    recipe = [CHILEAN_COMPANY, *(path.read_text() for path in sorted(SCRIPTS.glob("stock*.py")))]
    facts = (runtime.odoo.build, LANGUAGE, *STOCK_MODULES, *recipe)
    return STOCK_PREFIX + digest(*(fact.encode() for fact in facts))


def ours_name(runtime: Runtime) -> str:
    domain = paths.REPO / "connector" / "smarter_domain"
    installed = [odoo_process.OUR_ADDONS / addon for addon in our_addons()]
    content = tree_digest([*installed, domain])
    return OURS_PREFIX + digest(stock_name(runtime).encode(), content.encode())


def ensure(runtime: Runtime) -> str:
    """The name of the newest template with our addons, built when it does not exist."""
    name = ours_name(runtime)
    with lock(runtime.home, f"templates-{runtime.server.name}"):
        if not databases.exists(runtime, name):
            stock = _ensure_stock(runtime)
            with step(f"Installing {', '.join(our_addons()) or 'no addon'} (once per change)"):
                _build(runtime, name, stock, _install_ours)
        _mark_used(runtime, name)
        _prune(runtime)
    return name


def bring(runtime: Runtime, database: str) -> None:
    """Make ``database`` on any server from the newest template.

    The template is built on the tests' server, where nothing has to survive a crash, and moved.
    """
    with server.opened(runtime.home, "test") as found:
        builder = Runtime(runtime.home, runtime.odoo, found)
        odoo_process.write_config(builder)
        template, copy = ensure(builder), f"bring_{os.getpid()}"
        with step(f"Creating the database {database}"):
            databases.drop(builder, copy)
            databases.clone(builder, template, copy)
            try:
                databases.transfer(builder, copy, runtime, database)
            finally:
                databases.drop(builder, copy)


def _ensure_stock(runtime: Runtime) -> str:
    name = stock_name(runtime)
    if not databases.exists(runtime, name):
        with step("Installing Odoo's own modules (once, about two minutes)"):
            _build(runtime, name, "smarteros_base", _install_stock)
    _mark_used(runtime, name)
    return name


def _build(runtime: Runtime, name: str, base: str, fill: Callable[[Runtime, str], None]) -> None:
    draft = f"draft_{name}"
    databases.drop(runtime, draft)
    databases.clone(runtime, base, draft)
    fill(runtime, draft)
    databases.rename(runtime, draft, name)
    with runtime.server.odoo.connect() as connection:
        statement = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false")
        connection.execute(statement.format(databases.identifier(name)))


def _install_stock(runtime: Runtime, database: str) -> None:
    odoo_process.install(runtime, database, ["base"], f"--load-language={LANGUAGE}")
    with runtime.server.odoo.connect(database) as connection:
        connection.execute(CHILEAN_COMPANY)
    odoo_process.install(runtime, database, STOCK_MODULES)
    odoo_process.shell(runtime, database, (SCRIPTS / "stock.py").read_text())


def _install_ours(runtime: Runtime, database: str) -> None:
    if addons := our_addons():
        odoo_process.install(runtime, database, addons)
    odoo_process.shell(runtime, database, FINISH)


def _mark_used(runtime: Runtime, name: str) -> None:
    now = sql.Literal(datetime.now(UTC).isoformat())
    statement = sql.SQL("COMMENT ON DATABASE {} IS {}")
    with runtime.server.odoo.connect() as connection:
        connection.execute(statement.format(databases.identifier(name), now))


def _prune(runtime: Runtime) -> None:
    """Drop all but the last used templates of each layer.

    One that was registered for tenants belongs to the administrator, and to its own pruning.
    """
    query = """
        SELECT datname FROM pg_database
        WHERE starts_with(datname, %s) AND pg_get_userbyid(datdba) = current_user
        ORDER BY shobj_description(oid, 'pg_database') DESC NULLS LAST, oid DESC
    """
    for prefix in (STOCK_PREFIX, OURS_PREFIX):
        with runtime.server.odoo.connect() as connection:
            stale = [row[0] for row in connection.execute(query, [prefix])][KEPT:]
        for name in stale:
            try:
                databases.drop(runtime, name)
            except psycopg.errors.ObjectInUse:
                continue  # somebody is cloning it; the next run drops it


def main(argv: list[str]) -> int:
    """Build what is missing and print the template's name."""
    home = paths.open_home()
    odoo = odoo_source.ensure(home)
    with server.opened(home, "test") as found:
        runtime = Runtime(home, odoo, found)
        odoo_process.write_config(runtime)
        print(ensure(runtime))
    return 0
