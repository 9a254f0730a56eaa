"""``scripts/lint``: ruff, pylint-odoo on the addons, and the repository's own rules.

scripts/lint           report
scripts/lint --fix     let ruff mend what it can first
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from devkit import paths, rules
from devkit.progress import console, say

#: The rules of the Odoo Community Association that a change must not break.
PYLINT = (sys.executable, "-m", "pylint", "--rcfile=.pylintrc", "-j", "0")


def main(argv: list[str]) -> int:
    if {"-h", "--help"} & set(argv):
        print(__doc__)
        return 0
    if "--fix" in argv:
        _run("ruff", "check", "--fix", "--quiet", ".")
        _run("ruff", "format", "--quiet", ".")
    checks: dict[str, Callable[[], bool]] = {
        "ruff check": lambda: _run("ruff", "check", "--quiet", "--output-format=concise", "."),
        "ruff format": lambda: _run("ruff", "format", "--check", "--output-format=concise", "."),
        "pylint-odoo": _pylint,
        "own rules": _own_rules,
    }
    failed = [name for name, check in checks.items() if not _report(name, check())]
    for part in ("addons", "connector", "scripts", "tests"):
        say(f"sizes of {part}: {rules.size_report(paths.REPO / part)}")
    return 1 if failed else 0


def _report(name: str, passed: bool) -> bool:
    console.print(f"[green]ok[/green] {name}" if passed else f"[red]FAILED[/red] {name}")
    return passed


def _pylint() -> bool:
    manifests = sorted((paths.REPO / "addons").glob("*/__manifest__.py"))
    addons = [f"addons/{path.parent.name}" for path in manifests]
    return not addons or _run(*PYLINT, *addons)


def _own_rules() -> bool:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=paths.REPO, capture_output=True, text=True
    ).stdout.split("\0")
    present = [path for name in tracked if name and (path := paths.REPO / name).is_file()]
    problems = [problem for rule in rules.RULES for problem in rule(paths.REPO)]
    problems += rules.machine_traces(paths.REPO, present or None)
    for problem in problems:
        print(problem)
    return not problems


def _run(*command: str) -> bool:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "ODOO_"))}
    tool = [sys.executable, "-m", *command] if command[0] == "ruff" else list(command)
    return subprocess.run(tool, cwd=paths.REPO, env=environment).returncode == 0
