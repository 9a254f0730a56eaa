"""What a release consists of: each of its modules with a hash that changes when its code does."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from smarter_connector.exceptions import ConfigurationError

#: Files that no installed database depends on.
IGNORED_PARTS = {"tests", "__pycache__", "readme", "description"}


def module_digests(
    addons: Iterable[Path], shared: Iterable[Path] = ()
) -> dict[str, dict[str, str]]:
    """``{module: {"version": ..., "digest": ...}}`` of the addons in these folders.

    ``shared`` are folders that all of them use, such as ``smarter_domain``: a change there is a
    change of every module. Raises ConfigurationError for a manifest that cannot be read.
    """
    common = [tree_digest(folder) for folder in shared]
    found = {}
    for manifest in sorted(path for folder in addons for path in folder.glob("*/__manifest__.py")):
        facts = _manifest(manifest)
        if facts.get("installable", True):
            digest = _digest(*common, tree_digest(manifest.parent))
            found[manifest.parent.name] = {
                "version": str(facts.get("version", "")),
                "digest": digest,
            }
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


def _manifest(path: Path) -> dict[str, object]:
    try:
        return ast.literal_eval(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError) as error:
        raise ConfigurationError(f"the manifest {path} cannot be read: {error}") from error


def _digest(*parts: str) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part.encode()).digest())
    return total.hexdigest()
