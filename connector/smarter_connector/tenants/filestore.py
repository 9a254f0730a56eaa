"""A tenant's files: Odoo names them by their content and never writes one again: links will do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

UNWANTED = ("checklist",)
"""Odoo's list of files to look at when it collects garbage; each database has its own."""


def replace(source: Path, target: Path) -> None:
    """Make ``target`` a copy of ``source``, by hard links where the file system has them.

    What was in ``target`` is gone. Raises OSError (a full disk); then ``target`` is incomplete and
    the next call begins afresh.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o700, parents=True)
    if not source.exists():
        return
    _keep_owner(source, target)
    for folder, names in _folders(source):
        place = target / folder.relative_to(source)
        if place != target:
            place.mkdir(mode=0o700)
            _keep_owner(folder, place)
        for name in names:
            link_or_copy(folder / name, place / name)


def link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
        _keep_owner(source, target)


def own_like(model: Path, folder: Path) -> None:
    """Give the folder and all in it to the owner of ``model``; only root can, and needs to."""
    if os.geteuid() or not model.exists():
        return
    owner = model.stat()
    os.chown(folder, owner.st_uid, owner.st_gid)
    for path in folder.rglob("*"):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def size(folder: Path) -> int:
    """Bytes of all files, shared ones too; 0 when there is no such folder."""
    return sum((path / name).stat().st_size for path, names in _folders(folder) for name in names)


def count(folder: Path) -> int:
    return sum(len(names) for _, names in _folders(folder))


def _folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if not (Path(folder) == root and name in UNWANTED)]
        yield Path(folder), names


def _keep_owner(source: Path, target: Path) -> None:
    """Odoo must own what it will delete; only root can see to that."""
    if os.geteuid() == 0:
        status = source.stat()
        os.chown(target, status.st_uid, status.st_gid)
