"""``python -m smarter_connector``: the same as the command ``smarter-connector``."""

from __future__ import annotations

from smarter_connector.cli import main

if __name__ == "__main__":
    main()
