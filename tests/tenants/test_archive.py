"""The archive of a backup: what is written comes back, and nothing else is accepted."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.tenants import age
from smarter_connector.tenants.archive import PIECE, BadArchive, Head, Manifest
from smarter_connector.tenants.archive_reader import Folder, read, read_head
from smarter_connector.tenants.archive_writer import ArchiveWriter

HEAD = Head(
    rut="77654321-7", uuid="u-1", kind="production", name="Mi Empresa SpA", slug="mi-empresa",
    plan="business", release="1.0", module_set="small", admin_email="a@example.cl", epoch=3,
    taken_at="2026-11-22T20:00:00+00:00", hosts=("a.example.cl",), extensions=("unaccent",),
)  # fmt: skip


@dataclass
class Kept:
    """A sink that keeps everything in memory, or files in a folder."""

    heads: list[Head] = field(default_factory=list)
    dumped: bytes = b""
    folder: Folder | None = None

    def head(self, head: Head) -> None:
        self.heads.append(head)

    def dump(self, data: bytes) -> None:
        self.dumped += data

    def file(self, name: str):
        return self.folder.open(name) if self.folder else None


def written(folder: Path, dump: bytes = b"dump", files: tuple[str, ...] = ()) -> bytes:
    stream = io.BytesIO()
    with ArchiveWriter(stream) as writer:
        writer.head(HEAD)
        writer.dump(io.BytesIO(dump))
        for name in files:
            writer.file(folder, name)
        writer.finish({"sale": 2})
    return stream.getvalue()


def crafted(*members: tuple[tarfile.TarInfo | str, bytes], close: bool = True) -> io.BytesIO:
    """A tar with these members after a good head, and a manifest that vouches for all of them."""
    stream = io.BytesIO()
    digests = {}
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for info, data in (("head.json", HEAD.encode()), *members):
            info = tarfile.TarInfo(info) if isinstance(info, str) else info
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
            digests[info.name] = hashlib.sha256(data).hexdigest()
        if close:
            data = Manifest(digests, {}).encode()
            info = tarfile.TarInfo("manifest.json")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    stream.seek(0)
    return stream


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def stored(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return name


def test_what_is_written_comes_back(tmp_path: Path):
    files = (stored(tmp_path / "a", "ab/abcd", b"one"), stored(tmp_path / "a", "cd/cdef", b""))
    dump = bytes(range(256)) * (PIECE // 256) + b"and a rest"
    kept = Kept(folder=Folder(tmp_path / "b"))
    manifest = read(io.BytesIO(written(tmp_path / "a", dump, files)), kept)
    assert (kept.heads, kept.dumped) == ([HEAD], dump)
    assert (tmp_path / "b" / "ab" / "abcd").read_bytes() == b"one"
    assert (tmp_path / "b" / "cd" / "cdef").stat().st_mode & 0o777 == 0o600
    assert manifest.rows == {"sale": 2}


def test_a_file_that_is_gone_is_noted_and_does_not_end_the_backup(tmp_path: Path):
    manifest = read(io.BytesIO(written(tmp_path, files=("ab/abcd",))), Kept())
    assert manifest.missing == ("ab/abcd",)


def test_a_link_in_the_filestore_is_not_followed(tmp_path: Path):
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "abcd").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        written(tmp_path, files=("ab/abcd",))


@pytest.mark.parametrize(
    "name",
    [
        "../evil", "/etc/cron.d/evil", "filestore/../../evil", "filestore/ab/../../../evil",
        "filestore//etc/passwd", "filestore/ab/abcd/../../x", "filestore/AB/abcd",
        "filestore/ab/abcd\n", "./head.json", "dump/1", "dump/0000000", "filestore/ab/",
        "filestore/checklist/ab/abcd", "filestore/ab/ab.cd", "x" * 300,
    ],
)  # fmt: skip
def test_a_name_that_no_backup_has_is_refused(tmp_path: Path, name: str):
    kept = Kept(folder=Folder(tmp_path / "inner"))
    with pytest.raises(BadArchive):
        read(crafted((name, b"evil")), kept)
    assert [path.name for path in tmp_path.rglob("*")] == ["inner"]


@pytest.mark.parametrize("kind", [
    tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE,
    tarfile.BLKTYPE,
])  # fmt: skip
def test_nothing_but_plain_files_is_accepted(tmp_path: Path, kind: bytes):
    kept = Kept(folder=Folder(tmp_path / "inner"))
    with pytest.raises(BadArchive):
        read(crafted((special("filestore/ab/abcd", kind, "/etc/passwd"), b"")), kept)
    assert list((tmp_path / "inner").iterdir()) == []


@pytest.mark.parametrize(
    ("members", "close", "reason"),
    [
        ((("dump/000001", b"x"),), True, "piece of the dump is missing"),
        ((("dump/000000", b"x"), ("dump/000000", b"y")), True, "twice"),
        ((("filestore/ab/abcd", b"x"), ("dump/000000", b"y")), True, "not where it belongs"),
        ((("head.json", HEAD.encode()),), True, "twice"),
        ((("dump/000000", b"x" * (PIECE + 1)),), True, "too large"),
        ((("dump/000000", b"x"),), False, "cut off"),
        ((("manifest.json", b"[]"),), False, "no JSON object"),
        ((("manifest.json", b"{}"),), False, "does not say what it holds"),
        ((("manifest.json", Manifest({}, {}).encode()),), False, "altered"),
    ],
)
def test_an_order_that_no_backup_has_is_refused(members, close: bool, reason: str):
    with pytest.raises(BadArchive, match=reason):
        read(crafted(*members, close=close), Kept())


def test_nothing_may_follow_the_manifest(tmp_path: Path):
    stream = crafted(("dump/000000", b"x"))
    with tarfile.open(fileobj=stream, mode="a") as tar:
        tar.addfile(tarfile.TarInfo("dump/000001"), io.BytesIO())
    stream.seek(0)
    with pytest.raises(BadArchive, match="follows"):
        read(stream, Kept())


def test_a_file_changed_under_its_hash_is_refused(tmp_path: Path):
    data = written(tmp_path, files=(stored(tmp_path, "ab/abcd", b"the original"),))
    with pytest.raises(BadArchive, match="altered: 'filestore/ab/abcd'"):
        read(io.BytesIO(data.replace(b"the original", b"the 0riginal")), Kept())


@given(st.binary(max_size=2000))
def test_no_bytes_at_all_make_anything_but_a_refusal(data: bytes):
    with pytest.raises(BadArchive):
        read(io.BytesIO(data), Kept())


KINDS = st.none() | st.booleans() | st.text() | st.lists(st.integers())


@given(st.dictionaries(st.sampled_from([*HEAD.__dataclass_fields__]), KINDS))
def test_a_head_with_other_kinds_of_values_is_refused_or_read(changes):
    document = json.loads(HEAD.encode()) | changes
    try:
        head = Head.decode(json.dumps(document).encode())
    except BadArchive:
        return
    assert isinstance(head.rut, str) and isinstance(head.epoch, int)


def test_a_head_of_another_format_is_refused():
    with pytest.raises(BadArchive, match="format 2"):
        Head.decode(replace(HEAD, format=2).encode())


# -- encryption --


@pytest.fixture
def identity():
    return pyrage.x25519.Identity.generate()


def encrypted(data: bytes, identity) -> bytes:
    target = io.BytesIO()
    with age.encrypting(target, identity.to_public()) as stream:
        stream.write(data)
    return target.getvalue()


def decrypted(data: bytes, *identities) -> bytes:
    with age.decrypting(io.BytesIO(data), identities) as stream:
        return stream.read()


def test_what_is_encrypted_can_be_read_by_any_age_and_by_its_key_alone(identity):
    data = b"secret" * 100_000
    archive = encrypted(data, identity)
    assert archive.startswith(b"age-encryption.org/v1\n")
    assert b"secretsecret" not in archive
    assert pyrage.decrypt(archive, [identity]) == data
    assert decrypted(archive, pyrage.x25519.Identity.generate(), identity) == data


def test_another_key_is_told_apart_from_damage(identity):
    archive = encrypted(b"x", identity)
    with pytest.raises(BadArchive, match="another key"):
        decrypted(archive, pyrage.x25519.Identity.generate())


@pytest.mark.parametrize("size", [0, 10, 200, 65_000, 65_800, 140_000, 199_999])
def test_an_archive_cut_off_anywhere_is_refused(identity, size: int):
    archive = encrypted(b"x" * 200_000, identity)
    assert size < len(archive)
    with pytest.raises(BadArchive, match="altered or cut off"):
        decrypted(archive[:size], identity)


@pytest.mark.parametrize("place", [30, 300, 66_000, -1])
def test_one_altered_byte_is_noticed(identity, place: int):
    archive = bytearray(encrypted(b"x" * 100_000, identity))
    archive[place] ^= 1
    with pytest.raises(BadArchive):
        decrypted(bytes(archive), identity)


def test_a_reader_that_gives_up_early_does_not_hang(identity):
    archive = encrypted(b"x" * 5_000_000, identity)
    with pytest.raises(ZeroDivisionError):
        with age.decrypting(io.BytesIO(archive), [identity]) as stream:
            stream.read(1)
            raise ZeroDivisionError


def test_a_full_disk_is_told_as_such(identity):
    class Full(io.RawIOBase):
        def write(self, data) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        with age.encrypting(Full(), identity.to_public()) as stream:
            for _ in range(100):
                stream.write(b"x" * 1_000_000)


def test_the_head_is_read_without_the_rest(identity, tmp_path: Path):
    archive = encrypted(written(tmp_path, b"x" * 5_000_000), identity)
    assert read_head(lambda: age.decrypting(io.BytesIO(archive), [identity])) == HEAD


def test_keys_that_are_none_are_refused_and_never_quoted(tmp_path: Path):
    path = tmp_path / "identity"
    path.write_text("# a comment\nAGE-SECRET-KEY-1NOTREALLY\n")
    with pytest.raises(ConfigurationError, match="no private key") as caught:
        age.identities(path)
    assert "NOTREALLY" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="age1"):
        age.recipient("AGE-SECRET-KEY-1NOTREALLY")
    for missing in (lambda: age.recipient(""), lambda: age.identities(None)):
        with pytest.raises(ConfigurationError, match="not set"):
            missing()
