"""Settings from the environment and the list of tenants."""

from __future__ import annotations

import json

import pytest

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.settings import load

ONE = {"database": "t_77654321_7", "uuid": "u", "rut": "77.654.321-7"}


def test_tenants_come_from_the_environment_with_the_rut_in_plain_form(monkeypatch):
    monkeypatch.setenv("SMARTER_TENANTS", json.dumps([ONE]))
    (tenant,) = load().all_tenants()
    assert (tenant.rut, tenant.store) == ("77654321-7", "postgres")


@pytest.mark.parametrize("name", ["tenants.json", "tenants.toml"])
def test_tenants_come_from_a_file_as_well(tmp_path, name):
    path = tmp_path / name
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in ONE.items())
    path.write_text(json.dumps([ONE]) if name.endswith("json") else f"[[tenants]]\n{lines}")
    assert [tenant.database for tenant in load(tenants_file=path).all_tenants()] == [
        ONE["database"]
    ]


def test_a_database_listed_twice_is_refused(tmp_path):
    path = tmp_path / "tenants.json"
    path.write_text(json.dumps([ONE]))
    with pytest.raises(ConfigurationError, match="listed twice"):
        load(tenants=[ONE], tenants_file=path).all_tenants()


@pytest.mark.parametrize(
    "text",
    ["{", '[{"database": "x"}]', '[{"surprise": 1}]', "[1]", "5", '{"tenants": "x"}', '"secret"'],
)
def test_an_unreadable_list_of_tenants_is_refused(tmp_path, text):
    path = tmp_path / "tenants.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="tenant list"):
        load(tenants_file=path).all_tenants()


@pytest.mark.parametrize(
    "wrong",
    [
        {"rut": "77.654.321-8"},
        {"store": "carrier pigeon"},
        {"store": "rpc"},
        {"store": "rpc", "url": "https://x", "login": "c", "password": "in-clear-text"},
        {"uuid": ""},
        {"extra": 1},
    ],
)
def test_a_tenant_that_cannot_be_served_is_refused_without_showing_values(wrong):
    with pytest.raises(ConfigurationError) as caught:
        load(tenants=[{**ONE, **wrong}])
    assert "SMARTER_TENANTS" in str(caught.value)
    assert "in-clear-text" not in str(caught.value)


def test_a_value_out_of_bounds_names_its_variable(monkeypatch):
    monkeypatch.setenv("SMARTER_LEASE_SECONDS", "0")
    with pytest.raises(ConfigurationError, match="SMARTER_LEASE_SECONDS"):
        load()


def test_settings_hold_no_secret_to_show():
    shown = repr(load(tenants=[ONE]))
    assert "password_file" in shown and "password='" not in shown.replace("password=''", "")


@pytest.mark.parametrize("name", ["TENANTS", "RETRY_SCHEDULE", "ALLOW_PRIVATE"])
def test_a_list_that_is_no_json_is_named_and_not_repeated(monkeypatch, name):
    monkeypatch.setenv(f"SMARTER_{name}", "a secret in the wrong place")
    with pytest.raises(ConfigurationError, match=f"SMARTER_{name}: it must be JSON") as caught:
        load()
    assert "wrong place" not in str(caught.value)


def test_a_wait_before_the_past_is_refused():
    with pytest.raises(ConfigurationError, match="SMARTER_RETRY_SCHEDULE__0"):
        load(retry_schedule=(-5,))
