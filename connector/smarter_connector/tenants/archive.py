"""What a backup is made of: one tar stream, written and read from front to end.

    head.json           whose it is and what it was made from
    dump/000000 ...     the database, ``pg_dump -Fc`` in pieces (its size is not known beforehand)
    filestore/ab/abcd   the files that the database names
    manifest.json       a hash of every member before it, and the rows of every table

Nothing else is accepted, in no other order: a name that is not one of these never becomes a path.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from smarter_connector.exceptions import Rejected

FORMAT = 1
HEAD = "head.json"
MANIFEST = "manifest.json"
PIECE = 4 * 1024 * 1024
"""Bytes of one piece of the dump."""
HEAD_MAX = 1024 * 1024
MANIFEST_MAX = 256 * 1024 * 1024
COPY_BYTES = 256 * 1024

#: As Odoo names files: the first two digits of a hash, and the hash.
FILE = re.compile(r"[0-9a-z]{2}/[0-9a-z]{4,128}", re.ASCII)
_DUMP = re.compile(r"dump/[0-9]{6}", re.ASCII)


class BadArchive(Rejected):
    """The archive cannot be used: it is damaged, was altered, or is not what was asked for."""


@dataclass(frozen=True)
class Head:
    """Whose database it is, as the registry knew it; ``modules`` are its digests."""

    rut: str
    uuid: str
    kind: str
    name: str
    slug: str
    plan: str
    release: str
    module_set: str
    admin_email: str
    epoch: int
    taken_at: str
    odoo_build: str = ""
    hosts: tuple[str, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)
    external_ids: Mapping[str, Any] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    format: int = FORMAT

    def encode(self) -> bytes:
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False).encode()

    @classmethod
    def decode(cls, data: bytes) -> Head:
        """Raises BadArchive for anything but the head of an archive of this format."""
        document = _document(data, HEAD)
        if document.get("format") != FORMAT:
            raise BadArchive(f"the archive has format {document.get('format')!r}, not {FORMAT}")
        try:
            head = cls(**document)
            _check_types(head)
        except (TypeError, ValueError) as error:
            raise BadArchive("the archive does not say whose it is") from error
        return dataclasses.replace(head, hosts=tuple(head.hosts), extensions=tuple(head.extensions))


@dataclass(frozen=True)
class Manifest:
    """SHA-256 of each member before it, rows by table, and files the database names in vain."""

    members: Mapping[str, str]
    rows: Mapping[str, int]
    missing: tuple[str, ...] = ()

    def encode(self) -> bytes:
        return json.dumps(dataclasses.asdict(self)).encode()

    @classmethod
    def decode(cls, data: bytes) -> Manifest:
        document = _document(data, MANIFEST)
        if not all(isinstance(document.get(name), dict) for name in ("members", "rows")):
            raise BadArchive("the archive does not say what it holds")
        return cls(document["members"], document["rows"], tuple(document.get("missing") or ()))


def piece_name(number: int) -> str:
    return f"dump/{number:06d}"


def kind_of(name: str) -> str:
    """head, dump, filestore or manifest. Raises BadArchive for any other name."""
    if name == HEAD:
        return "head"
    if name == MANIFEST:
        return "manifest"
    if _DUMP.fullmatch(name):
        return "dump"
    first, _, rest = name.partition("/")
    if first == "filestore" and FILE.fullmatch(rest):
        return "filestore"
    raise BadArchive(f"the archive holds {ascii(name)[:100]}, which no backup has")


def _check_types(head: Head) -> None:
    texts = (head.rut, head.uuid, head.kind, head.name, head.slug, head.plan, head.release)
    lists = (head.hosts, head.extensions)
    if not all(isinstance(text, str) for text in (*texts, head.taken_at, head.module_set)):
        raise TypeError("text")
    if not isinstance(head.epoch, int) or not isinstance(head.modules, dict):
        raise TypeError("epoch")
    if not all(isinstance(one, list | tuple) for one in lists):
        raise TypeError("list")
    if not all(isinstance(text, str) for one in lists for text in one):
        raise TypeError("list")
    datetime.fromisoformat(head.taken_at)


def _document(data: bytes, name: str) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadArchive(f"{name} of the archive is no JSON") from error
    if not isinstance(document, dict):
        raise BadArchive(f"{name} of the archive is no JSON object")
    return document
