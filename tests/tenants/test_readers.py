"""A new tenant's place in the warehouse: its login is saved before it is made, and only its own."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from smarter_connector import tenants
from smarter_connector.registry import Conflict
from smarter_connector.secrets import read_secret
from smarter_connector.sinks.warehouse import Names, ensure_tenant, install
from smarter_connector.tenants import CreateRequest, Platform, readers

NAMES = Names("kpi_small", "small_owner", "small_writer", "small_readers", "small_")
REQUEST = CreateRequest(rut="77654321-7", name="Mi Empresa SpA", admin_email="a@example.cl")


@pytest.fixture
def shop(little: Platform, tmp_path: Path) -> Iterator[Platform]:
    """The little platform with a warehouse."""
    names = {"database": NAMES.database, "owner": NAMES.owner, "writer": NAMES.writer,
             "readers": NAMES.readers, "prefix": NAMES.prefix}  # fmt: skip
    settings = little.settings.model_copy(
        update={"warehouse": True, "warehouse_names": names, "secrets_dir": tmp_path}
    )
    install(little.admin, NAMES)
    yield replace(little, settings=settings)
    little.databases.drop(NAMES.database)
    with little.admin() as admin:
        admin.execute("DROP ROLE IF EXISTS small_77654321_7")


def sees(platform: Platform) -> list[tuple[str, ...]]:
    """The RUTs that the saved login reads."""
    path = platform.settings.secrets_dir / "small_77654321_7_dsn"
    with psycopg.connect(read_secret(path)) as reader:
        return reader.execute("SELECT rut FROM wh.tenants").fetchall()


def test_the_saved_login_reads_its_own_rut_and_is_for_its_owner_alone(shop: Platform):
    tenants.create(shop, REQUEST)
    path = shop.settings.secrets_dir / "small_77654321_7_dsn"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sees(shop) == [("77654321-7",)]


def test_killed_after_the_login_was_made_the_saved_password_still_opens(shop: Platform, killed):
    killed("create:warehouse", lambda: tenants.create(shop, REQUEST))
    tenants.create(shop, REQUEST)
    assert sees(shop) == [("77654321-7",)]


def test_a_rut_that_is_another_tenants_company_is_refused(shop: Platform):
    ensure_tenant(shop.admin, "12345678-5", companies=("77654321-7",), names=NAMES)
    with pytest.raises(Conflict, match="another tenant of this warehouse"):
        tenants.create(shop, REQUEST)
    assert shop.registry.tenant("77654321-7").status == "provisioning"


PRODUCT = """INSERT INTO wh.products (tenant, rut, product_id, epoch, number, event_id, event_time)
    VALUES ('77654321-7', '77654321-7', 1, 1, 1, gen_random_uuid(), now())"""


def products(platform: Platform) -> int:
    with platform.admin(NAMES.database) as admin:
        return admin.execute("SELECT count(*) FROM wh.products").fetchone()[0]


def test_figures_are_cleared_and_the_login_stays(shop: Platform):
    tenants.create(shop, REQUEST)
    with shop.admin(NAMES.database) as admin:
        admin.execute(PRODUCT)
    readers.clear(shop, "77654321-7")
    readers.clear(shop, "77654321-7")
    assert (products(shop), sees(shop)) == (0, [("77654321-7",)])


def test_who_leaves_takes_figures_login_and_secret_along(shop: Platform):
    tenants.create(shop, REQUEST)
    with shop.admin(NAMES.database) as admin:
        admin.execute(PRODUCT)
    for _ in range(2):
        readers.leave(shop, "77654321-7")
    assert products(shop) == 0
    assert not (shop.settings.secrets_dir / "small_77654321_7_dsn").exists()
    with shop.admin() as admin:
        role = "SELECT 1 FROM pg_roles WHERE rolname = 'small_77654321_7'"
        assert admin.execute(role).fetchone() is None
