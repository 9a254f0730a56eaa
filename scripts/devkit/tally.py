"""A pytest plugin: leaves the counts of a run in a file, and counts skipped browser tests.

``scripts/test`` runs pytest twice (with Odoo, and without) and closes with the sum of both.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

FILE = "DEVKIT_TALLY"
STRICT = "DEVKIT_STRICT_BROWSER"
OUTCOMES = ("passed", "failed", "error", "skipped", "xfailed", "xpassed", "subtests failed")


class Tally:
    def __init__(self, place: Path, strict: bool) -> None:
        self.place = place
        self.strict = strict
        self.unseen: list[str] = []

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        outcome = yield
        # On the report, because it is all that a parallel worker sends to who counts.
        outcome.get_result().drives_browser = drives_browser(item)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        skipped = report.skipped and not hasattr(report, "wasxfail")
        if skipped and getattr(report, "drives_browser", False):
            self.unseen.append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.unseen and self.strict and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter) -> None:
        if self.unseen:
            terminalreporter.section("BROWSER TESTS THAT DID NOT RUN", sep="!", red=True)
            for name in self.unseen:
                terminalreporter.line(name)
        counts = {name: len(terminalreporter.getreports(name)) for name in OUTCOMES}
        if self.strict:
            counts["failed"] += len(self.unseen)
            counts["skipped"] -= len(self.unseen)
        self.place.write_text(json.dumps(counts))


def drives_browser(item: pytest.Item) -> bool:
    """Odoo's HttpCase, or a test marked ``browser``: skipping one would hide a broken screen."""
    classes = getattr(getattr(item, "cls", None), "__mro__", ())
    return any(kind.__name__ == "HttpCase" for kind in classes) or bool(
        item.get_closest_marker("browser")
    )


def pytest_configure(config: pytest.Config) -> None:
    if place := os.environ.get(FILE):
        config.pluginmanager.register(Tally(Path(place), os.environ.get(STRICT) == "1"))
