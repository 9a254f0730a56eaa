"""What README.md says of the tree is so."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from devkit.paths import REPO

LIMIT = 300 * 1024  # bytes of a picture
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")


def tracked() -> list[str]:
    """Files of the repository, whether committed or only prepared."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    found = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=True)
    return [name for name in found.stdout.split("\0") if name and (REPO / name).is_file()]


def readme() -> str:
    return (REPO / "README.md").read_text(encoding="utf-8")


def pages() -> list[Path]:
    return [REPO / name for name in tracked() if name.endswith(".md")]


def test_the_map_names_every_top_level_folder() -> None:
    folders = {name.split("/")[0] for name in tracked() if "/" in name}
    assert [name for name in sorted(folders) if f"{name}/" not in readme()] == []


def test_the_map_names_every_addon() -> None:
    addons = {path.parent.name for path in (REPO / "addons").glob("*/__manifest__.py")}
    assert [name for name in sorted(addons) if name not in readme()] == []


def test_the_map_names_no_folder_that_is_not_there() -> None:
    block = re.search(r"```text\n(.*?)```", readme(), re.DOTALL)
    assert block is not None, "README.md has no map of the tree"
    place: list[str] = []
    for line in block[1].splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        place[depth:] = [name.rstrip("/")]
        assert (REPO / "/".join(place)).exists(), line


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_a_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    inside = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in inside if not (page.parent / link).exists()] == []


def test_every_decision_is_in_the_index() -> None:
    folder = REPO / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    names = [path.name for path in folder.glob("[0-9]*.md")]
    assert [name for name in sorted(names) if name not in index] == []


def test_every_picture_is_small_and_shown_somewhere() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in pages())
    pictures = sorted((REPO / "docs" / "images").glob("*"))
    assert pictures
    assert [one.name for one in pictures if one.stat().st_size > LIMIT] == []
    assert [one.name for one in pictures if f"images/{one.name}" not in text] == []
