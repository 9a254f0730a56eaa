"""docs/asyncapi.yaml, the reference in docs/eventos.md and the n8n workflows, written anew."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import yaml

from devkit import n8n_workflows
from devkit.paths import REPO, SetupError

BEGIN = "<!-- referencia: la escribe scripts/event-docs desde el catálogo -->\n"
END = "<!-- fin de la referencia -->\n"


def asyncapi_text() -> str:
    """The AsyncAPI document as YAML, the same for the same catalogue."""
    from smarter_domain.events.asyncapi import document

    plain = json.loads(json.dumps(document()))  # shared parts would become YAML anchors
    head = "# Written by scripts/event-docs from the catalogue of event types.\n"
    return head + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)


def manual_text(current: str) -> str:
    """``current`` with its reference written anew. Raises :class:`SetupError` without the marks."""
    from smarter_domain.events.reference import render

    before, begin, rest = current.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SetupError("docs/eventos.md has lost the marks around its reference")
    return before + begin + "\n" + render() + "\n" + end + after


def written() -> dict[Path, str]:
    """Each file and the text it should have."""
    manual = REPO / "docs" / "eventos.md"
    return {
        REPO / "docs" / "asyncapi.yaml": asyncapi_text(),
        manual: manual_text(manual.read_text(encoding="utf-8")),
        **n8n_workflows.written(),
    }


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser("event-docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if outdated")
    check = parser.parse_args(argv).check
    stale = [path for path, text in written().items() if _read(path) != text]
    for path in stale:
        if not check:
            path.write_text(written()[path], encoding="utf-8")
        print(f"{'outdated' if check else 'written'}: {path.relative_to(REPO)}", file=sys.stderr)
    return 1 if check and stale else 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
