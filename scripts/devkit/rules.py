"""The repository's own rules, as functions that return what breaks them.

``scripts/lint`` prints it, ``tests/repo`` fails on it. Each takes the root of a tree, so that the
tests can show a tree that breaks the rule.
"""

from __future__ import annotations

import ast
import csv
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

FILE_LIMIT = 400
FUNCTION_LIMIT = 60
SIZED = {".py", ".xml", ".js", ".sh"}
#: Generated or foreign text; a translation is as long as what it translates.
UNSIZED_PARTS = {"data", "i18n", "lib", "docs"}
SKIPPED_PARTS = {
    ".git", "__pycache__", "node_modules", ".pytest_cache", ".ruff_cache", ".hypothesis",
}  # fmt: skip

#: What smarter_domain may import beside harmless parts of the standard library.
DOMAIN_ALLOWED = {
    "smarter_domain", "cryptography", "jsonschema", "jwt", "lxml", "orjson", "phonenumbers",
    "stdnum",
}  # fmt: skip
#: Clock, environment, network, processes, chance: what an adapter passes in.
DOMAIN_FORBIDDEN = {
    "os", "time", "socket", "ssl", "http", "urllib.request", "subprocess", "threading", "asyncio",
    "multiprocessing", "logging", "tempfile", "shutil", "sqlite3", "random", "locale", "platform",
}  # fmt: skip
DOMAIN_CALLS = {"now", "utcnow", "today"}
ADDONS_FORBIDDEN = {"smarter_connector"}
CONNECTOR_FORBIDDEN = {"odoo", "psycopg2"}

#: /home/node is a folder of n8n's image.
MACHINE_PATH = re.compile(r"(?<![\w.:}])/(?:work|farm|root|home/(?!node/)\w+|opt/pypi)/[\w.-]+")
INDEX_OPTION = re.compile(r"(?:--(?:extra-)?index-url|--find-links|https?://)", re.IGNORECASE)
PINNED = re.compile(r"[a-z0-9][a-z0-9._-]*(?:\[[a-z0-9,-]+\])?==[0-9][\w.+]*", re.IGNORECASE)
VERSION = re.compile(r"19\.0\.\d+\.\d+\.\d+")


def files(root: Path, *suffixes: str) -> Iterator[Path]:
    """Files below ``root`` with one of the suffixes (all without), caches left out."""
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).parts
        if path.is_file() and not SKIPPED_PARTS & set(inside):
            if not suffixes or path.suffix in suffixes:
                yield path


def function_sizes(source: str) -> list[tuple[str, int, int]]:
    """(name, first line, number of lines) of each function, inner ones too."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    return [
        (node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in found
    ]


def oversized(root: Path) -> list[str]:
    """Files and functions over the budget."""
    problems = []
    for path in files(root, *SIZED):
        inside = path.relative_to(root)
        if UNSIZED_PARTS & set(inside.parts):
            continue
        text = path.read_text(encoding="utf-8")
        if (lines := text.count("\n")) > FILE_LIMIT:
            problems.append(f"{inside}: {lines} lines, the limit is {FILE_LIMIT}")
        if path.suffix == ".py":
            problems += [
                f"{inside}:{line}: {name} has {size} lines, the limit is {FUNCTION_LIMIT}"
                for name, line, size in function_sizes(text)
                if size > FUNCTION_LIMIT
            ]
    return problems


def size_report(root: Path) -> str:
    """One line: how long files and functions are."""
    sources = [path.read_text(encoding="utf-8") for path in files(root, ".py")]
    lines = sorted(text.count("\n") for text in sources if text.count("\n") > 15)
    sizes = sorted(size for text in sources for _, _, size in function_sizes(text))
    if not lines or not sizes:
        return "no Python here"
    tail = sizes[int(0.95 * (len(sizes) - 1))]
    return (
        f"{len(lines)} files, median {median(lines):.0f} lines; {len(sizes)} functions, "
        f"median {median(sizes):.0f}, 95th percentile {tail}, longest {sizes[-1]}"
    )


def imports(source: str) -> list[tuple[str, int]]:
    """(dotted module, line) of each import; relative ones are left out, they stay inside."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.module, node.lineno))
    return found


def domain_impurities(root: Path) -> list[str]:
    """What keeps ``smarter_domain`` from being plain Python: foreign imports, the clock."""
    problems = []
    for path in files(root / "connector" / "smarter_domain", ".py"):
        source, inside = path.read_text(encoding="utf-8"), path.relative_to(root)
        for module, line in imports(source):
            top = module.partition(".")[0]
            foreign = top not in sys.stdlib_module_names and top not in DOMAIN_ALLOWED
            if foreign or top in DOMAIN_FORBIDDEN or module in DOMAIN_FORBIDDEN:
                problems.append(f"{inside}:{line}: smarter_domain must not import {module}")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in DOMAIN_CALLS:
                    problems.append(
                        f"{inside}:{node.lineno}: smarter_domain must not read the clock"
                    )
    return problems


def crossed_borders(root: Path) -> list[str]:
    """Addons that know the connector, and a connector that knows Odoo or an addon."""
    addons = {path.parent.name for path in (root / "addons").glob("*/__manifest__.py")}
    sides = (
        ("addons", ADDONS_FORBIDDEN),
        ("connector/smarter_connector", CONNECTOR_FORBIDDEN | addons),
        ("connector/smarter_domain", {"smarter_connector"} | CONNECTOR_FORBIDDEN | addons),
    )
    return [
        f"{path.relative_to(root)}:{line}: {side} must not import {module}"
        for side, forbidden in sides
        for path in files(root / side, ".py")
        for module, line in imports(path.read_text(encoding="utf-8"))
        if module.partition(".")[0] in forbidden
    ]


def bad_manifests(root: Path) -> list[str]:
    """Manifests without the licence, a version of this series, or a declared dependency."""
    problems = []
    for path in sorted((root / "addons").glob("*/__manifest__.py")):
        manifest = ast.literal_eval(path.read_text(encoding="utf-8"))
        name = path.parent.name
        if manifest.get("license") != "LGPL-3":
            problems.append(f"{name}: the licence must be LGPL-3")
        if not VERSION.fullmatch(manifest.get("version", "")):
            problems.append(f"{name}: the version must read 19.0.x.y.z")
        declared = manifest.get("external_dependencies", {}).get("python", [])
        used = any(
            module.partition(".")[0] == "smarter_domain"
            for source in files(path.parent, ".py")
            for module, _ in imports(source.read_text(encoding="utf-8"))
        )
        if used and "smarteros" not in declared:
            problems.append(f"{name}: imports smarter_domain, so it must declare smarteros")
    return problems


def models_without_access(root: Path) -> list[str]:
    """Models with a name of their own that no line of ir.model.access.csv opens."""
    problems = []
    for manifest in sorted((root / "addons").glob("*/__manifest__.py")):
        place = manifest.parent / "security" / "ir.model.access.csv"
        lines = csv.DictReader(place.read_text().splitlines()) if place.exists() else ()
        granted = {line["model_id:id"].rpartition(".")[2] for line in lines}
        for name, where in concrete_models(manifest.parent):
            if f"model_{name.replace('.', '_')}" not in granted:
                problems.append(f"{where.relative_to(root)}: no access line for {name}")
    return problems


def concrete_models(addon: Path) -> Iterator[tuple[str, Path]]:
    """(_name, file) of the models and wizards an addon defines; abstract ones need no access."""
    for path in files(addon, ".py"):
        if "tests" in path.relative_to(addon).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not _is_abstract(node):
                name = _constant(node, "_name")
                inherits = _constant(node, "_inherit")
                extends = name == inherits or (isinstance(inherits, list) and name in inherits)
                if name and not extends:
                    yield name, path


def _is_abstract(node: ast.ClassDef) -> bool:
    return any(
        isinstance(base, ast.Attribute) and base.attr == "AbstractModel" for base in node.bases
    )


def _constant(node: ast.ClassDef, name: str) -> str | list[str] | None:
    """The text, or list of texts, a class body assigns to ``name``."""
    for statement in node.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in statement.targets
        ):
            try:
                return ast.literal_eval(statement.value)
            except ValueError:
                return None
    return None


def commits_in_addons(root: Path) -> list[str]:
    """Calls of ``cr.commit()``: the transaction is Odoo's, or half of a fact is kept."""
    return [
        f"{path.relative_to(root)}:{number}: cr.commit() in an addon"
        for path in files(root / "addons", ".py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"\bcr\.commit\(", line)
    ]


def machine_traces(root: Path, paths: Iterable[Path] | None = None) -> list[str]:
    """Paths of a developer's machine, and package indexes where requirements are listed."""
    problems = []
    for path in paths if paths is not None else files(root):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        inside = path.relative_to(root)
        if found := MACHINE_PATH.search(text):
            problems.append(f"{inside}: a path of one machine: {found[0]}")
        if path.name.startswith("requirements") and INDEX_OPTION.search(text):
            problems.append(f"{inside}: names a package index")
    return problems


def unpinned(root: Path) -> list[str]:
    """Requirement lines that do not name one exact version."""
    problems = []
    for path in (*root.glob("requirements*.txt"), *(root / "scripts").glob("requirements*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            wanted = line.partition("#")[0].strip()
            if wanted and not PINNED.fullmatch(wanted):
                problems.append(f"{path.relative_to(root)}: not pinned: {wanted}")
    return problems


#: Every rule that takes the root alone.
RULES = (
    oversized, domain_impurities, crossed_borders, bad_manifests, models_without_access,
    commits_in_addons, unpinned,
)  # fmt: skip
