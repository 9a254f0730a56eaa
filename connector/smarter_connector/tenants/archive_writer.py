"""Writing a backup's tar stream."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants.archive import (
    COPY_BYTES,
    HEAD,
    MANIFEST,
    PIECE,
    Head,
    Manifest,
    piece_name,
)


class ArchiveWriter:
    """Members in their order: head, dump, files, then ``finish``. ``told`` gets bytes so far.

    Used in a ``with`` block: one that is left by an error writes nothing more.
    """

    def __init__(self, stream: BinaryIO, told: Callable[[int], None] = lambda _: None) -> None:
        self._tar = tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT)
        self._members: dict[str, str] = {}
        self._missing: list[str] = []
        self._told = told
        self._bytes = 0

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error:
            self._tar.fileobj.closed = True  # else tarfile ends the archive when it is collected

    @property
    def files(self) -> int:
        return sum(name.startswith("filestore/") for name in self._members)

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(self._missing)

    def head(self, head: Head) -> None:
        self._add(HEAD, head.encode())

    def dump(self, stream: BinaryIO) -> None:
        """The whole stream, in pieces."""
        number = 0
        while piece := _read_full(stream, PIECE):
            self._add(piece_name(number), piece)
            number += 1

    def file(self, folder: Path, name: str) -> None:
        """A stored file; one that is not there is noted. Links are not followed."""
        try:
            handle = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            self._missing.append(name)
            return
        with open(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise StepFailed(f"{folder / name} is no file")
            reader = _HashingReader(file)
            self._tar.addfile(_info(f"filestore/{name}", status.st_size), reader)
        self._note(f"filestore/{name}", reader.digest, status.st_size)

    def finish(self, rows: Mapping[str, int]) -> None:
        manifest = Manifest(dict(self._members), dict(rows), self.missing)
        self._add(MANIFEST, manifest.encode())
        self._tar.close()

    def _add(self, name: str, data: bytes) -> None:
        self._tar.addfile(_info(name, len(data)), io.BytesIO(data))
        self._note(name, hashlib.sha256(data).hexdigest(), len(data))

    def _note(self, name: str, digest: str, size: int) -> None:
        self._members[name] = digest
        self._bytes += size
        self._told(self._bytes)


class _HashingReader(io.RawIOBase):
    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        return data

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def _read_full(stream: BinaryIO, size: int) -> bytes:
    """Up to ``size`` bytes; fewer only at the end."""
    parts, left = [], size
    while left and (part := stream.read(min(left, COPY_BYTES))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
