"""The parts of the addon that need no Odoo, importable where there is none."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from devkit.paths import REPO

NAME = "smarter_server_parts"


def part(name: str) -> ModuleType:
    """A module of ``addons/smarter_server``, without running the addon's ``__init__``."""
    if NAME not in sys.modules:
        package = ModuleType(NAME)
        package.__path__ = [str(REPO / "addons" / "smarter_server")]
        sys.modules[NAME] = package
    return importlib.import_module(f"{NAME}.{name}")
