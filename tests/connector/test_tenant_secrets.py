"""A tenant can name its own secrets, never another tenant's nor the connector's."""

from __future__ import annotations

import pytest

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.secrets import SecretResolver
from smarter_connector.shared import Shared
from tests.connector.support import settings, tenant

ONE, TWO = "t_77654321_7", "t_11111111_1"
ENVIRON = {
    "SMARTER_SECRET_T_77654321_7__TOKEN": "one",
    "SMARTER_SECRET_T_11111111_1__TOKEN": "two",
    "SMARTER_SECRET_TOKEN": "nobody's",
    "SMARTER_SECRET_ODOO": "api key",
}


@pytest.fixture
def folder(tmp_path):
    for name in (ONE, TWO):
        (tmp_path / name).mkdir()
        (tmp_path / name / "token").write_text(name)
    (tmp_path / "pg_password").write_text("the connector's own")
    return tmp_path


def secrets_of_one(folder, *databases, **listed):
    chosen = settings(secrets_dir=folder, pg_password_file=folder / "pg_password")
    resolver = SecretResolver(env_prefix="SMARTER_SECRET_", folder=folder, environ=ENVIRON)
    tenants = [tenant(database=name, **listed) for name in databases]
    return Shared(chosen, None, secrets=resolver, tenants=tenants).secrets_of(tenants[0])


def test_among_several_tenants_each_reads_its_own(folder):
    secrets = secrets_of_one(folder, ONE, TWO)
    assert secrets.resolve("env:SMARTER_SECRET_T_77654321_7__TOKEN") == "one"
    assert secrets.resolve(f"file:{folder}/{ONE}/token") == ONE


@pytest.mark.parametrize(
    "reference",
    [
        "env:SMARTER_SECRET_T_11111111_1__TOKEN",
        "env:SMARTER_SECRET_TOKEN",
        "file:{folder}/t_11111111_1/token",
        "file:{folder}/t_77654321_7/../t_11111111_1/token",
        "file:{folder}/pg_password",
        "file:{folder}/t_77654321_7\0",
        "a-token-in-clear",
        "",
    ],
)
def test_among_several_tenants_nothing_else_can_be_named(folder, reference):
    with pytest.raises(ConfigurationError) as caught:
        secrets_of_one(folder, ONE, TWO).resolve(reference.replace("{folder}", str(folder)))
    assert caught.value.status == "secret"
    assert "in-clear" not in str(caught.value)


def test_a_tenant_that_is_alone_reads_all_that_is_set_aside(folder):
    secrets = secrets_of_one(folder, ONE)
    assert secrets.resolve("env:SMARTER_SECRET_TOKEN") == "nobody's"
    assert secrets.resolve(f"file:{folder}/{ONE}/token") == ONE


@pytest.mark.parametrize("name", ["pg_password", "./t_77654321_7/../pg_password", "link"])
def test_the_connectors_own_files_are_nobodys(folder, name):
    (folder / "link").symlink_to(folder / "pg_password")
    with pytest.raises(ConfigurationError, match="the connector's own"):
        secrets_of_one(folder, ONE).resolve(f"file:{folder}/{name}")


def test_the_key_of_an_rpc_store_is_nobodys(folder):
    listed = {"store": "rpc", "url": "https://erp.example.cl", "login": "connector"}
    secrets = secrets_of_one(folder, ONE, password="env:SMARTER_SECRET_ODOO", **listed)
    with pytest.raises(ConfigurationError, match="the connector's own"):
        secrets.resolve("env:SMARTER_SECRET_ODOO")
