"""Odoo as a command: installing, upgrading, neutralizing, and scripts in its shell."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants.platform_settings import PREFIX, PlatformSettings
from smarter_domain.tenancy import check_database_name

FACTS = "SMARTEROS_FACTS"
"""Variable in which a script of :meth:`OdooRunner.shell` finds its facts, as JSON."""
RESULT = "SMARTEROS_RESULT "
"""A line of a script's output that begins so is its answer, as JSON."""

#: Odoo reads these in preference to its configuration file, so none may leak in from outside.
FOREIGN = ("PG", "ODOO_", "OPENERP_", "SMARTER_", PREFIX)
QUIET = ("--no-http", "--workers=0", "--max-cron-threads=0")

MODULE = re.compile(r"[a-z][a-z0-9_]{0,62}")
#: The line of a traceback that names the exception.
EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Violation|SystemExit)\w*: ")


@dataclass(frozen=True)
class OdooRunner:
    """Runs Odoo's command as it is configured; ``addons_path`` and ``env`` are a release's own."""

    settings: PlatformSettings
    addons_path: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def install(self, database: str, modules: Sequence[str], *options: str) -> str:
        """``odoo -i``; returns its log. Raises StepFailed with Odoo's own words."""
        return self._modules("-i", database, modules, options)

    def upgrade(self, database: str, modules: Sequence[str], *options: str) -> str:
        """``odoo -u``, as :meth:`install`."""
        return self._modules("-u", database, modules, options)

    def version(self) -> str:
        """What this Odoo calls its code, such as ``19.0-20260501``."""
        lines = self._run("version", ["--version"]).strip().splitlines()
        return lines[-1].removeprefix("Odoo Server ").strip() if lines else ""

    def neutralize(self, database: str) -> str:
        """Make the copy harmless: no mail, no payment, no job that reaches outside."""
        return self._run(f"neutralize-{database}", ["neutralize", *self._common(database)])

    def shell(
        self, database: str, script: str, facts: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run a Python script with ``env`` and return what it printed behind ``RESULT``."""
        arguments = ["shell", *self._common(database), *QUIET]
        extra = {FACTS: json.dumps(dict(facts or {}))}
        log = self._run(f"shell-{database}", arguments, script, extra)
        for line in reversed(log.splitlines()):
            _, mark, text = line.partition(RESULT)
            if mark:
                return json.loads(text)
        return {}

    def _modules(
        self, verb: str, database: str, modules: Sequence[str], options: Sequence[str]
    ) -> str:
        listed = ",".join(map(check_module, modules))
        arguments = [*self._common(database), verb, listed, *options, "--stop-after-init", *QUIET]
        return self._run(f"{verb[1:]}-{database}", arguments)

    def _common(self, database: str) -> list[str]:
        check_database_name(database)
        path = ",".join(map(str, self.addons_path))
        config = ["-c", str(self.settings.odoo_config)] if self.settings.odoo_config else []
        return [*config, "-d", database, *(["--addons-path", path] if path else [])]

    def _run(
        self,
        name: str,
        arguments: list[str],
        script: str = "",
        extra: Mapping[str, str] | None = None,
    ) -> str:
        log = self._log(name)
        command = [*self.settings.odoo_command, *arguments]
        with log.open("w") as output:
            try:
                code = subprocess.run(
                    command, env=self._environment(extra or {}), input=script, text=True,
                    stdout=output, stderr=subprocess.STDOUT, timeout=self.settings.odoo_timeout,
                ).returncode  # fmt: skip
            except subprocess.TimeoutExpired as error:
                limit = f"{self.settings.odoo_timeout:.0f} s"
                raise StepFailed(f"Odoo did not end within {limit}: see {log}") from error
            except OSError as error:
                raise StepFailed(f"Odoo cannot be started: {error}") from error
        text = log.read_text(errors="replace")
        if reason := failure(text, code):
            raise StepFailed(f"Odoo failed: {reason} (all of it in {log})")
        return text

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        return {**kept, **self.settings.odoo_env, **self.env, **extra}

    def _log(self, name: str) -> Path:
        """One file for each kind of run and database, readable by its owner alone."""
        self.settings.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = self.settings.logs / f"odoo-{name}.log"
        log.touch(mode=0o600)
        return log


def check_module(name: str) -> str:
    """The name of a module, fit for a command line. Raises StepFailed for any other text."""
    if not MODULE.fullmatch(name):
        raise StepFailed(f"not the name of a module: {name[:80]!r}")
    return name


def failure(log: str, code: int) -> str:
    """Why Odoo failed, in one line of its log; empty when it did not.

    Odoo ends with 0 in some cases of a missing module, so its words count as well.
    """
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    told = [line for line in lines if " CRITICAL " in line or " invalid module names" in line]
    if not code and not told:
        return ""
    raised = [line for line in lines if EXCEPTION.match(line)]
    return (raised or told or lines or ["it said nothing"])[-1]
