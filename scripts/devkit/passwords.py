"""Passwords of the local server: random, one file each, readable by their owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def password(folder: Path, name: str, length: int = 24) -> str:
    """The password called ``name``, of ``length`` random bytes; made at the first call."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = folder / name
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return place.read_text()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(length))
    return place.read_text()


def write(path: Path, text: str) -> Path:
    """Put a secret into a file that its owner alone can read; returns the path."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return path
