"""First step of every script: make the Python environment, then go on inside it.

Standard library only: it runs with whatever Python 3.11+ the machine has.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from devkit import paths, venv  # noqa: E402  (the folder above must be on the path first)


def main(argv: list[str]) -> int:
    try:
        home = paths.open_home()
        bin_dir = venv.ensure(home)
    except paths.SetupError as error:
        print(f"smarteros: {error}", file=sys.stderr)
        return 1
    os.environ["PYTHONPATH"] = sys.path[0]
    os.environ["PATH"] = f"{bin_dir}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    python = str(bin_dir / "python")
    os.execv(python, [python, "-m", "devkit", *argv])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
