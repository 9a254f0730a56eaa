"""The operator's settings, the steps of operations, and the running of Odoo."""

from __future__ import annotations

import pytest

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants import platform_settings
from smarter_connector.tenants.databases import SMALL, strategy
from smarter_connector.tenants.odoo_runner import check_module, failure
from smarter_connector.tenants.platform import Platform


@pytest.mark.odoo
def test_the_tests_have_a_platform_with_a_template(platform: Platform):
    (row,) = platform.registry.templates()
    assert row.state == "ready"
    assert not platform.databases.allows_connections(row.database)


def test_settings_that_are_missing_are_named_and_never_quoted(monkeypatch):
    monkeypatch.setenv("SMARTEROS_PG_PORT", "no-port-but-a-secret")
    with pytest.raises(ConfigurationError) as caught:
        platform_settings.load()
    assert "SMARTEROS_PG_HOST" in str(caught.value)
    assert "no-port-but-a-secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "-x", "a,b", "A", "../x", "a;b", "a b", "a" * 64])
def test_a_crafted_module_name_reaches_no_command_line(name):
    with pytest.raises(StepFailed):
        check_module(name)


def test_the_failure_of_odoo_is_told_in_its_own_words():
    log = "2026 INFO x\nTraceback\nodoo.exceptions.ValidationError: no such thing\n"
    assert failure(log, 1) == "odoo.exceptions.ValidationError: no such thing"
    assert failure(log, 0) == ""
    assert "invalid module" in failure("2026 WARNING x invalid module names, ignored: y", 0)


@pytest.mark.parametrize(("size", "way"), [(0, "wal_log"), (SMALL, "wal_log"),
                                           (SMALL + 1, "file_copy")])  # fmt: skip
def test_a_large_database_is_not_cloned_through_the_log(size, way):
    assert strategy(size) == way
