"""An archive brought back into a database and a folder that nobody uses yet, and checked."""

from __future__ import annotations

import hashlib
import hmac
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import psycopg

from smarter_connector.tenants import age, archive_reader
from smarter_connector.tenants.archive import COPY_BYTES, BadArchive, Head, Manifest
from smarter_connector.tenants.backup_dump import restoring
from smarter_connector.tenants.backup_snapshot import row_counts
from smarter_connector.tenants.platform import Platform


@dataclass(frozen=True)
class Unpacked:
    head: Head
    rows: Mapping[str, int]
    files: int
    missing: tuple[str, ...]


@dataclass
class _Target:
    """A :class:`archive_reader.Sink`: the database is made once the head was found good."""

    platform: Platform
    database: str
    folder: archive_reader.Folder | None
    accept: Callable[[Head], None]
    stack: ExitStack
    found: Head | None = None
    stream: BinaryIO | None = field(default=None, repr=False)

    def head(self, head: Head) -> None:
        self.accept(head)
        self.found = head
        self.stream = self.stack.enter_context(
            restoring(self.platform, self.database, head.extensions)
        )

    def dump(self, data: bytes) -> None:
        assert self.stream is not None  # the head comes first
        self.stream.write(data)

    def file(self, name: str) -> BinaryIO | None:
        return self.folder.open(name) if self.folder else None


def check_file(path: Path, sha256: str) -> None:
    """Raises BadArchive unless the file is the one that was written: its hash is known."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while data := file.read(COPY_BYTES):
                digest.update(data)
    except FileNotFoundError:
        raise BadArchive(f"the archive {path} is gone") from None
    if not hmac.compare_digest(digest.hexdigest(), sha256.lower()):
        raise BadArchive(f"{path} is not the archive that was written: its SHA-256 is another")


def unpack(
    platform: Platform,
    path: Path,
    database: str,
    *,
    accept: Callable[[Head], None],
    files: Path | None = None,
) -> Unpacked:
    """Restore into ``database``, which is replaced, and write stored files below ``files``.

    ``accept`` is shown whose archive it is before anything is made. Raises BadArchive and
    StepFailed; then both are removed.
    """
    keys = age.identities(platform.settings.backup_identity_file)
    try:
        folder = _folder(files)
        head, manifest = _read(platform, path, database, folder, accept, keys)
        with platform.admin(database) as connection:
            _check_rows(connection, manifest)
            connection.execute("ANALYZE")
    except BaseException:
        _discard(platform, database, files)
        raise
    count = sum(name.startswith("filestore/") for name in manifest.members)
    return Unpacked(head, manifest.rows, count, manifest.missing)


def _read(
    platform: Platform,
    path: Path,
    database: str,
    folder: archive_reader.Folder | None,
    accept: Callable[[Head], None],
    keys: list[Any],
) -> tuple[Head, Manifest]:
    """The dump's end is told to pg_restore only after the archive proved whole."""
    with ExitStack() as stack:
        target = _Target(platform, database, folder, accept, stack)
        with path.open("rb") as source, age.decrypting(source, keys) as stream:
            manifest = archive_reader.read(stream, target, platform.telling("restoring"))
    assert target.found is not None  # else the reader had refused it
    return target.found, manifest


def _check_rows(connection: psycopg.Connection, manifest: Manifest) -> None:
    found = row_counts(connection)
    for table in sorted(manifest.rows.keys() | found.keys()):
        before, now = manifest.rows.get(table), found.get(table)
        if before != now:
            raise BadArchive(f"table {table} had {before} rows in the archive and has {now} now")


def _folder(files: Path | None) -> archive_reader.Folder | None:
    if files is None:
        return None
    shutil.rmtree(files, ignore_errors=True)
    return archive_reader.Folder(files)


def _discard(platform: Platform, database: str, files: Path | None) -> None:
    if files:
        shutil.rmtree(files, ignore_errors=True)
    platform.databases.drop(database)
