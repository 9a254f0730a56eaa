"""What a release consists of: each of its modules with a hash that changes when its code does."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smarter_connector.exceptions import ConfigurationError

#: Files that no installed database depends on.
IGNORED_PARTS = {"tests", "__pycache__", "readme", "description"}


@dataclass(frozen=True)
class Manifest:
    """``auto_install`` are the modules whose presence installs it; None when nothing does."""

    version: str
    depends: tuple[str, ...]
    auto_install: tuple[str, ...] | None


def manifests(addons: Iterable[Path]) -> dict[str, Manifest]:
    """The addons in these folders that can be installed. Raises ConfigurationError."""
    found = {}
    for path in sorted(path for folder in addons for path in folder.glob("*/__manifest__.py")):
        facts = _manifest(path)
        if facts.get("installable", True):
            depends = tuple(facts.get("depends") or ("base",))
            auto = facts.get("auto_install", False)
            wanted = tuple(auto) if isinstance(auto, list | tuple | set) else depends
            found[path.parent.name] = Manifest(
                str(facts.get("version", "")), depends, wanted if auto else None
            )
    return found


def module_digests(
    addons: Iterable[Path], shared: Iterable[Path] = ()
) -> dict[str, dict[str, str]]:
    """``{module: {"version": ..., "digest": ...}}`` of the addons in these folders.

    ``shared`` are folders that all of them use, such as ``smarter_domain``: a change there is a
    change of every module. Raises ConfigurationError for a manifest that cannot be read.
    """
    common = [tree_digest(folder) for folder in shared]
    found = {}
    for folder in addons:
        for name, facts in manifests([folder]).items():
            digest = _digest(*common, tree_digest(folder / name))
            found[name] = {"version": facts.version, "digest": digest}
    return found


def tree_digest(root: Path) -> str:
    """A hash of the files below the folder, tests left out."""
    parts = []
    for path in sorted(root.rglob("*")):
        inner = path.relative_to(root)
        if path.is_file() and not IGNORED_PARTS & set(inner.parts) and path.suffix != ".pyc":
            parts += [str(inner), hashlib.sha256(path.read_bytes()).hexdigest()]
    return _digest(*parts)


def recipe_digest(
    odoo_build: str, release: Mapping[str, Mapping[str, str]], modules: Iterable[str], language: str
) -> str:
    """The key of a template: it changes with Odoo, our code, the modules and the language."""
    code = [f"{name}={facts.get('digest', '')}" for name, facts in sorted(release.items())]
    return _digest(odoo_build, language, ",".join(sorted(set(modules))), *code)


def _manifest(path: Path) -> dict[str, Any]:
    try:
        return ast.literal_eval(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError) as error:
        raise ConfigurationError(f"the manifest {path} cannot be read: {error}") from error


def _digest(*parts: str) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part.encode()).digest())
    return total.hexdigest()
