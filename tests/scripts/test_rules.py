"""Each rule of the repository catches what it is for, and leaves the rest alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from devkit import rules

MANIFEST = '{"name": "A", "license": "LGPL-3", "version": "19.0.1.0.0"}'
ACCESS = "id,name,model_id:id,group_id:id,perm_read\n"


@pytest.fixture
def tree(tmp_path: Path):
    """Writes files of a small repository and returns its root."""

    def write(**contents: str) -> Path:
        for name, text in contents.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def addon(**more: str) -> dict[str, str]:
    return {"addons/a/__manifest__.py": MANIFEST, **more}


def test_a_function_at_the_limit_passes_and_one_line_more_does_not(tree) -> None:
    body = "    pass\n" * (rules.FUNCTION_LIMIT - 1)
    assert rules.oversized(tree(**{"a.py": f"def f():\n{body}"})) == []
    (problem,) = rules.oversized(tree(**{"a.py": f"def f():\n{body}    pass\n"}))
    assert "f has 61 lines" in problem


def test_a_long_file_is_named_unless_it_is_data(tree) -> None:
    text = "x = 1\n" * (rules.FILE_LIMIT + 1)
    root = tree(**{"a.py": text, "data/b.py": text, "i18n/c.py": text})
    assert rules.oversized(root) == ["a.py: 401 lines, the limit is 400"]


@pytest.mark.parametrize(
    "line",
    ["import odoo", "import os", "from time import sleep", "import requests", "import random"],
)
def test_the_domain_must_not_import(tree, line: str) -> None:
    assert len(rules.domain_impurities(tree(**{"connector/smarter_domain/a.py": line}))) == 1


@pytest.mark.parametrize(
    "line",
    ["import re", "from lxml import etree", "from . import b", "import hashlib", "import uuid"],
)
def test_the_domain_may_import(tree, line: str) -> None:
    assert rules.domain_impurities(tree(**{"connector/smarter_domain/a.py": line})) == []


def test_the_domain_must_not_read_the_clock(tree) -> None:
    source = "from datetime import datetime\nx = datetime.now()\n"
    (problem,) = rules.domain_impurities(tree(**{"connector/smarter_domain/a.py": source}))
    assert problem.endswith("must not read the clock")


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("addons/a/models/b.py", "from smarter_connector import cli"),
        ("connector/smarter_connector/b.py", "import odoo"),
        ("connector/smarter_connector/b.py", "from a.models import c"),
        ("connector/smarter_domain/b.py", "import smarter_connector.cli"),
    ],
)
def test_borders_are_not_crossed(tree, place: str, line: str) -> None:
    assert len(rules.crossed_borders(tree(**addon(**{place: line})))) == 1


def test_what_the_borders_allow(tree) -> None:
    files = {
        "addons/a/models/b.py": "from odoo import models\nfrom smarter_domain import rut\n",
        "connector/smarter_connector/b.py": "import odoorpc\nfrom smarter_domain import rut\n",
    }
    assert rules.crossed_borders(tree(**addon(**files))) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("LGPL-3", "AGPL-3", "licence"), ("19.0.1.0.0", "1.0", "version")],
)
def test_a_manifest_states_licence_and_version(tree, old: str, new: str, words: str) -> None:
    root = tree(**{"addons/a/__manifest__.py": MANIFEST.replace(old, new)})
    (problem,) = rules.bad_manifests(root)
    assert words in problem


def test_an_addon_that_uses_the_domain_declares_the_distribution(tree) -> None:
    root = tree(**addon(**{"addons/a/b.py": "from smarter_domain.rut import Rut\n"}))
    assert rules.bad_manifests(root) == ["a: imports smarter_domain, so it must declare smarteros"]


MODEL = 'class M(models.Model):\n    _name = "a.thing"\n'


def test_a_model_without_access_line_is_found(tree) -> None:
    root = tree(
        **addon(**{"addons/a/m.py": MODEL, "addons/a/security/ir.model.access.csv": ACCESS})
    )
    assert rules.models_without_access(root) == ["addons/a/m.py: no access line for a.thing"]


@pytest.mark.parametrize(
    "source",
    [
        MODEL.replace("models.Model", "models.AbstractModel"),
        MODEL.replace("_name =", "_inherit ="),
        MODEL + '    _inherit = "a.thing"\n',
        MODEL + '    _inherit = ["a.mixin", "a.thing"]\n',
    ],
)
def test_what_needs_no_access_line(tree, source: str) -> None:
    assert rules.models_without_access(tree(**addon(**{"addons/a/m.py": source}))) == []


def test_an_access_line_satisfies_the_rule(tree) -> None:
    lines = ACCESS + "x,x,model_a_thing,base.group_user,1\n"
    files = {"addons/a/m.py": MODEL, "addons/a/security/ir.model.access.csv": lines}
    assert rules.models_without_access(tree(**addon(**files))) == []


def test_a_commit_in_an_addon_is_found(tree) -> None:
    root = tree(**{"addons/a/b.py": "self.env.cr.commit()\n"})
    assert rules.commits_in_addons(root) == ["addons/a/b.py:1: cr.commit() in an addon"]


@pytest.mark.parametrize("text", ["see /{}/notes.txt", "cd /{}/main", "(/{}/x)"])
@pytest.mark.parametrize("folder", ["root", "work", "home/ana"])
def test_a_path_of_a_machine_is_found(tree, text: str, folder: str) -> None:
    assert len(rules.machine_traces(tree(**{"a.md": text.format(folder)}))) == 1


@pytest.mark.parametrize("text", ["/var/tmp/x", "./work/x", "$HOME/work/x", "https://x.cl/work/y"])
def test_other_paths_are_left_alone(tree, text: str) -> None:
    assert rules.machine_traces(tree(**{"a.md": text})) == []


@pytest.mark.parametrize("line", ["a>=1", "a", "a==1,<2", "-e .", "a @ file:///x", "a==1.*"])
def test_a_requirement_names_one_version(tree, line: str) -> None:
    assert len(rules.unpinned(tree(**{"requirements.txt": line}))) == 1


def test_pinned_requirements_pass(tree) -> None:
    assert (
        rules.unpinned(tree(**{"requirements.txt": "# why\na==1.2\nb[c]==1.0.post1  # d\n"})) == []
    )


def test_a_package_index_in_requirements_is_found(tree) -> None:
    root = tree(**{"requirements.txt": "--index-url https://example.com\na==1\n"})
    assert rules.machine_traces(root) == ["requirements.txt: names a package index"]
