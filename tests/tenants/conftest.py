"""Two platforms of the test session's own, each with a registry, a release and a template.

``platform`` has Odoo, on the tests' server. That is shared with other runs, so ids of tenants begin
at a random number and RUTs are drawn at random: no two runs make a database of the same name.
``little`` has a handful of tables instead of Odoo (``small.py``) and a server of its own; on it
stand ``kept``, a tenant with backups (``keeping.py``), and ``bed``, releases to upgrade to
(``upgrading.py``). ``_small`` is the same without the clean-up after each test.
"""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Callable, Iterator

import pytest
from psycopg import sql

from devkit import odoo_process, odoo_source, paths, templates
from devkit import platform as local
from devkit.odoo_process import Runtime
from devkit.server import Server
from smarter_connector.registry import install
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.templates import register
from smarter_domain.rut import Rut
from tests import postgres
from tests.postgres import PrivateServer
from tests.tenants import keeping, small, upgrading
from tests.tenants.keeping import Kept
from tests.tenants.killing import die_at
from tests.tenants.upgrading import Bed


@pytest.fixture(scope="session")
def runtime(pg_cluster: Server) -> Runtime:
    """Odoo on the tests' server."""
    home = paths.open_home()
    found = Runtime(home, odoo_source.ensure(home), pg_cluster)
    odoo_process.write_config(found)
    return found


@pytest.fixture(scope="session")
def session_platform(runtime: Runtime) -> Iterator[Platform]:
    """A registry with the present code as release and the tests' template, shared by all tests."""
    template = templates.ensure(runtime)
    name = f"registry_{os.getpid()}_{secrets.token_hex(3)}"
    settings = local.settings(
        runtime, registry_database=name, testing=True, domain="test.localhost"
    )
    platform = Platform(settings, actor="tests")
    install(
        platform.admin,
        odoo_role=settings.odoo_role,
        connector_role=settings.connector_role,
        database=name,
    )
    with platform.admin(name) as admin:
        first = sql.Literal(random.randrange(10**8, 10**9))
        admin.execute(sql.SQL("ALTER TABLE registry.tenant ALTER id RESTART WITH {}").format(first))
    release = local.register_release(platform, runtime)
    register(platform, template, release=release)
    yield platform
    _drop_all(platform)


@pytest.fixture
def platform(session_platform: Platform) -> Iterator[Platform]:
    """The session's platform; what the test made of tenants is dropped at its end."""
    before = {tenant.id for tenant in session_platform.registry.tenants(kind=None)}
    yield session_platform
    _drop_tenants(session_platform, before)


@pytest.fixture
def new_rut() -> Callable[[], str]:
    """``new_rut()`` gives a RUT that no other test and no company has."""
    return lambda: Rut.from_number(random.randrange(90_000_000, 99_000_000)).plain


def _drop_tenants(platform: Platform, kept: set[int]) -> None:
    """Every database of tenants made since, by whatever name, and their rows."""
    made = [t for t in platform.registry.tenants(kind=None) if t.id not in kept]
    ours = tuple(_names(platform, made))
    for name in ours:
        platform.databases.drop(name)
    with platform.admin(platform.settings.registry_database) as admin:
        ids = [tenant.id for tenant in made]
        for table in ("host", "operation", "backup"):
            statement = sql.SQL("DELETE FROM {} WHERE tenant = ANY(%s)")
            admin.execute(statement.format(sql.Identifier("registry", table)), [ids])
        admin.execute("DELETE FROM registry.tenant WHERE id = ANY(%s)", [ids])


def _names(platform: Platform, tenants: list) -> Iterator[str]:
    prefixes = [f"{kind}_{tenant.id}" for tenant in tenants for kind in ("new", "pre", "del")]
    marks = [Rut.parse(tenant.rut).database_name()[2:] for tenant in tenants]
    for name in platform.databases.names():
        exact = name in prefixes or any(name.startswith(f"{start}_") for start in prefixes)
        if exact or any(name == f"t_{m}" or name.startswith(f"s_{m}_") for m in marks):
            yield name


def _drop_all(platform: Platform) -> None:
    _drop_tenants(platform, set())
    platform.databases.drop(platform.settings.registry_database)


@pytest.fixture(scope="session")
def small_server() -> Iterator[PrivateServer]:
    """A PostgreSQL of these tests' own, which they may stop and start."""
    with postgres.private_server() as server:
        yield server


@pytest.fixture(scope="session")
def _small(small_server: PrivateServer, tmp_path_factory) -> Iterator[Platform]:
    with small.platform(small_server.server, tmp_path_factory.mktemp("small")) as found:
        yield found


@pytest.fixture
def little(_small: Platform) -> Iterator[Platform]:
    """A platform without Odoo: its template has a handful of tables. No tenants at first."""
    yield _small
    small.empty(_small)


@pytest.fixture
def routes(_small: Platform, small_server: PrivateServer) -> Callable[[], set[tuple[str, str]]]:
    """``routes()``: what Odoo's role sees of the registry."""
    return lambda: small.routes(_small, small_server.server)


@pytest.fixture(scope="module")
def kept(_small: Platform, tmp_path_factory) -> Iterator[Kept]:
    """``kept.tenant()`` gives one tenant with its backup, made once for the tests of a file."""
    yield Kept(keeping.with_backups(_small, tmp_path_factory.mktemp("kept")))
    small.empty(_small)


@pytest.fixture
def bed(little: Platform, tmp_path) -> Iterator[Bed]:
    """The platform without Odoo, whose releases are upgraded to by a fake for Odoo."""
    made = upgrading.bed(little, tmp_path)
    yield made
    upgrading.forget(made, lambda row: row.name == small.RELEASE)


@pytest.fixture
def killed() -> Callable[[str, Callable[[], object]], None]:
    """``killed(point, work)`` does ``work`` in a process that dies at this point."""
    return die_at
