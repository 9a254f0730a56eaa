"""The operator's guide describes the settings that exist, with their defaults, and no others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer
from pydantic_core import PydanticUndefined

from devkit.paths import REPO
from smarter_connector.cli import app
from smarter_connector.metrics import TENANT_STATES, Metrics
from smarter_connector.settings import Settings, TenantSettings
from smarter_connector.tenants.cli import app as operator_app
from smarter_connector.tenants.platform_settings import PlatformSettings

GUIDE = REPO / "docs" / "operator.md"
ROW = re.compile(r"^\| `([A-Za-z_]+)` \| (.*?) \| .+ \|$", re.MULTILINE)
#: Settings of the operator's commands that only tests have, or that nothing reads yet.
UNTOLD = {"testing", "releases_dir"}
#: Read by other parts than the settings: by the command line, or chosen by the operator.
OTHERS = re.compile(r"SMARTER_(SECRET_\w*|WAREHOUSE_ADMIN_DSN_FILE)")


def rows() -> dict[str, str]:
    """Name -> default of every row of the guide's tables of settings."""
    return dict(ROW.findall(GUIDE.read_text(encoding="utf-8")))


def shown(default: object) -> str:
    """A default as the guide writes it: nothing, or the text one would put into the variable."""
    if default in (None, "", ()) or default is PydanticUndefined:
        return ""
    if isinstance(default, str | Path):
        return f"`{default}`"
    return f"`{json.dumps(default)}`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_is_documented_with_its_default(name: str) -> None:
    field = Settings.model_fields[name]
    assert rows().get(f"SMARTER_{name.upper()}") == shown(field.default)


@pytest.mark.parametrize("name", TenantSettings.model_fields)
def test_a_key_of_the_tenant_list_is_documented_with_its_default(name: str) -> None:
    field = TenantSettings.model_fields[name]
    assert rows().get(name) == shown(field.default)


def test_no_variable_is_documented_that_the_connector_does_not_read() -> None:
    named = set(re.findall(r"SMARTER_[A-Z_]*[A-Z]\b", GUIDE.read_text(encoding="utf-8")))
    known = {f"SMARTER_{name.upper()}" for name in Settings.model_fields}
    assert not {name for name in named - known if not OTHERS.fullmatch(name)}


@pytest.mark.parametrize("metric", [m.name for m in Metrics().registry.collect()])
def test_a_metric_is_documented(metric: str) -> None:
    assert f"`{metric}" in GUIDE.read_text(encoding="utf-8")


@pytest.mark.parametrize("state", TENANT_STATES)
def test_a_state_of_a_tenant_is_documented(state: str) -> None:
    assert f"`{state}`" in GUIDE.read_text(encoding="utf-8")


def test_every_command_is_documented() -> None:
    found = typer.main.get_command(app)
    groups = {name: getattr(one, "commands", {}) for name, one in found.commands.items()}
    names = [f"{name} {sub}".strip() for name, subs in groups.items() for sub in (subs or [""])]
    guide = GUIDE.read_text(encoding="utf-8")
    assert [name for name in names if f"smarter-connector {name}" not in guide] == []


@pytest.mark.parametrize("name", sorted(PlatformSettings.model_fields.keys() - UNTOLD))
def test_a_setting_of_the_operators_commands_is_documented(name: str) -> None:
    assert f"`SMARTEROS_{name.upper()}`" in GUIDE.read_text(encoding="utf-8")


def test_every_operators_command_is_documented() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    found = typer.main.get_command(operator_app).commands
    assert [name for name in found if f"`{name}" not in guide] == []
