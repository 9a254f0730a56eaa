"""This repository keeps its own rules."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

import pytest

from devkit import rules
from devkit.paths import REPO


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_no_file_breaks_the_rule(rule: Callable) -> None:
    assert rule(REPO) == []


def test_nothing_names_the_machine_it_was_written_on() -> None:
    names = _tracked()
    assert rules.machine_traces(REPO, [REPO / name for name in names]) == []


def test_readme_shows_the_two_commands() -> None:
    readme = (REPO / "README.md").read_text(encoding="utf-8")
    for command in ("scripts/run", "scripts/test"):
        assert re.search(rf"^(\$ )?{command}$", readme, re.MULTILINE), command


@pytest.mark.parametrize("name", ["run", "test", "lint", "get-odoo"])
def test_script_can_be_executed(name: str) -> None:
    assert (REPO / "scripts" / name).stat().st_mode & 0o111


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    script = (REPO / ".ci" / "run").read_text()
    assert "export CI=true" in script and "exec scripts/test" in script


def test_licence_is_the_lesser_gpl() -> None:
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in (REPO / "LICENSE").read_text()


def _tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=REPO, capture_output=True, text=True)
    names = {name for name in listing.stdout.split("\0") if name and (REPO / name).is_file()}
    return sorted(names)
