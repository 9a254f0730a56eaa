"""Reading a backup's tar stream: every name, order, size and hash is checked on the way."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

from smarter_connector.tenants.archive import (
    COPY_BYTES,
    HEAD_MAX,
    MANIFEST,
    MANIFEST_MAX,
    PIECE,
    BadArchive,
    Head,
    Manifest,
    kind_of,
    piece_name,
)

_ORDER = {"head": 0, "dump": 1, "filestore": 2, "manifest": 3}
CUT_OFF = "the archive was cut off"


class Sink(Protocol):
    """Takes what an archive holds, in its order. ``head`` may raise to refuse it."""

    def head(self, head: Head) -> None: ...

    def dump(self, data: bytes) -> None: ...

    def file(self, name: str) -> BinaryIO | None:
        """Where to write the file; None when it is only to be checked."""


class Folder:
    """Writes files below a folder that nobody else writes in; nothing there is overwritten."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(mode=0o700, parents=True)

    def open(self, name: str) -> BinaryIO:
        """``name`` was checked by :func:`kind_of`."""
        path = self.root / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return open(os.open(path, flags, 0o600), "wb")


def read(stream: BinaryIO, sink: Sink, told: Callable[[int], None] = lambda _: None) -> Manifest:
    """Hand everything to ``sink`` and return the manifest. Raises BadArchive, at the first thing
    that is wrong; what went to the sink before is worth nothing then."""
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            manifest = _members(tar, sink, told)
    except (tarfile.TarError, ValueError) as error:
        raise BadArchive(f"the archive is no backup, or was cut off: {error}") from error
    while stream.read(COPY_BYTES):
        pass  # the padding; the encryption's own end is checked behind it
    return manifest


def _members(tar: tarfile.TarFile, sink: Sink, told: Callable[[int], None]) -> Manifest:
    seen: dict[str, str] = {}
    place = total = 0
    for info in tar:
        kind = kind_of(info.name)
        _check(info, kind, place, seen)
        place = _ORDER[kind]
        source = tar.extractfile(info)
        assert source is not None  # it is a regular file
        if kind == "manifest":
            return _close(tar, Manifest.decode(_whole(source, info.size)), seen)
        seen[info.name] = _take(source, info, kind, sink)
        total += info.size
        told(total)
    raise BadArchive(CUT_OFF)


def _check(info: tarfile.TarInfo, kind: str, place: int, seen: dict[str, str]) -> None:
    shown = ascii(info.name)[:100]
    if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or info.issparse():
        raise BadArchive(f"{shown} in the archive is no plain file")
    if info.name in seen:
        raise BadArchive(f"{shown} is twice in the archive")
    if _ORDER[kind] < place or (not seen) != (kind == "head"):
        raise BadArchive(f"{shown} is not where it belongs in the archive")
    if kind == "dump" and info.name != piece_name(sum(name.startswith("dump/") for name in seen)):
        raise BadArchive(f"a piece of the dump is missing before {shown}")
    limit = {"head": HEAD_MAX, "dump": PIECE, "manifest": MANIFEST_MAX}.get(kind)
    if limit is not None and info.size > limit:
        raise BadArchive(f"{shown} in the archive is too large")


def _take(source: BinaryIO, info: tarfile.TarInfo, kind: str, sink: Sink) -> str:
    if kind == "filestore":
        return _file(source, info, sink)
    data = _whole(source, info.size)
    if kind == "head":
        sink.head(Head.decode(data))
    else:
        sink.dump(data)
    return hashlib.sha256(data).hexdigest()


def _file(source: BinaryIO, info: tarfile.TarInfo, sink: Sink) -> str:
    digest, left = hashlib.sha256(), info.size
    target = sink.file(info.name.removeprefix("filestore/"))
    try:
        while left:
            data = source.read(min(left, COPY_BYTES))
            if not data:
                raise BadArchive(CUT_OFF)
            digest.update(data)
            left -= len(data)
            if target:
                target.write(data)
    finally:
        if target:
            target.close()
    return digest.hexdigest()


def _whole(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    if len(data) != size:
        raise BadArchive(CUT_OFF)
    return data


def _close(tar: tarfile.TarFile, manifest: Manifest, seen: dict[str, str]) -> Manifest:
    if dict(manifest.members) != seen:
        wrong = sorted(set(manifest.members.items()) ^ set(seen.items()))
        raise BadArchive(f"the archive was altered: {ascii(wrong[0][0])[:100]} is not as it was")
    if tar.next() is not None:
        raise BadArchive(f"something follows {MANIFEST} in the archive")
    return manifest


def read_head(opened: Callable[[], AbstractContextManager[BinaryIO]]) -> Head:
    """The first member alone, of a stream that ``opened`` opens: what follows is not looked at.

    Raises BadArchive.
    """
    found = None
    try:
        with opened() as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            info = tar.next()
            if info is None or kind_of(info.name) != "head":
                raise BadArchive("the archive does not say whose it is")
            _check(info, "head", 0, {})
            source = tar.extractfile(info)
            assert source is not None  # it is a regular file
            found = Head.decode(_whole(source, info.size))
            raise _Enough  # the rest stays unread, and the decryption unfinished
    except _Enough:
        assert found is not None
        return found
    except (tarfile.TarError, ValueError) as error:
        raise BadArchive(f"the archive is no backup, or was cut off: {error}") from error


class _Enough(Exception):
    """Leaves the stream in the middle."""
