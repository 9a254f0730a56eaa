"""What ``scripts/test`` runs, and how it closes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from devkit import testing
from devkit.paths import REPO, Home, SetupError

ADDONS = ["smarter_base", "smarter_events"]


def test_fast_leaves_odoo_out() -> None:
    plan = testing.parse(["--fast", "-x"], ADDONS)
    assert (plan.plain, plan.addons, plan.options) == (
        ["tests"],
        [],
        ["-x", "-m", "not odoo and not drill"],
    )


def test_an_addon_is_named_by_its_folder() -> None:
    plan = testing.parse(["smarter_base", "-k", "rut"], ADDONS)
    assert (plan.plain, plan.addons) == ([], ["addons/smarter_base"])
    assert plan.options == ["-k", "rut"]


def test_a_path_of_the_tests_runs_alone() -> None:
    plan = testing.parse(["tests/scripts/test_testing.py::test_x"], ADDONS)
    assert (plan.plain, plan.addons) == (["tests/scripts/test_testing.py::test_x"], [])


def test_soak_goes_on_to_pytest() -> None:
    plan = testing.parse(["--soak", "tests"], ADDONS)
    assert (plan.options, plan.addon_options) == (["--soak"], [])


def test_what_cannot_start_counts_as_an_error(tmp_path: Path) -> None:
    def broken(home, plan):
        raise SetupError("no Odoo to be had")

    code, counts = testing._guarded(broken, Home(tmp_path), testing.Plan())
    assert (code, testing.closing_line([counts], 1).strip("= ")) == (
        1,
        "0 passed, 1 error in 1.00s",
    )


def test_the_closing_line_sums_all_runs() -> None:
    line = testing.closing_line([{"passed": 2, "failed": 1}, {"passed": 3, "skipped": 1}], 1.5)
    assert line.strip("= ") == "1 failed, 5 passed, 1 skipped in 1.50s"


def test_the_closing_line_says_when_nothing_ran() -> None:
    assert testing.closing_line([], 0).strip("= ") == "0 passed in 0.00s"


SAMPLE = """
import pytest

@pytest.mark.browser
def test_tour():
    pytest.skip("no browser")

class HttpCase:
    pass

class TestScreen(HttpCase):
    def test_screen(self):
        pytest.skip("no browser")

def test_other():
    pytest.skip("not here")
"""


def run_sample(folder: Path, strict: str, *more: str) -> tuple[int, dict[str, int], str]:
    (folder / "test_sample.py").write_text(SAMPLE)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = browser\n")
    place = folder / "tally.json"
    environment = {
        "PYTHONPATH": str(REPO / "scripts"), "DEVKIT_TALLY": str(place),
        "DEVKIT_STRICT_BROWSER": strict, "PATH": "/usr/bin:/bin",
    }  # fmt: skip
    options = (
        "-p",
        "no:odoo",
        "-p",
        "no:cacheprovider",
        "-p",
        "devkit.tally",
        *more,
        "test_sample.py",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=folder, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, json.loads(place.read_text()), done.stdout


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["alone", "parallel"])
def test_a_skipped_browser_test_fails_in_ci(tmp_path: Path, options: tuple[str, ...]) -> None:
    code, counts, output = run_sample(tmp_path, "1", *options)
    assert code == 1
    assert (counts["failed"], counts["skipped"]) == (2, 1)
    assert "BROWSER TESTS THAT DID NOT RUN" in output


def test_a_skipped_browser_test_is_only_shown_elsewhere(tmp_path: Path) -> None:
    code, counts, output = run_sample(tmp_path, "0")
    assert code == 0
    assert (counts["failed"], counts["skipped"]) == (0, 3)
    assert "test_sample.py::TestScreen::test_screen" in output


def test_all_tests_share_the_processors_and_a_few_do_not() -> None:
    assert "--dist" in testing._parallel(testing.parse(["--fast"], ADDONS))
    assert testing._parallel(testing.parse(["tests/scripts"], ADDONS)) == []
    assert testing._parallel(testing.parse(["--fast", "--pdb"], ADDONS)) == []


@pytest.mark.parametrize("argument", ["-h", "--help"])
def test_help_is_printed(argument: str, capsys: pytest.CaptureFixture) -> None:
    assert testing.main([argument]) == 0
    assert "scripts/test --fast" in capsys.readouterr().out
