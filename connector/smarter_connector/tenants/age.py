"""Streams encrypted and decrypted with age (https://age-encryption.org/v1), by the package pyrage.

What passes is never on a disk in clear: one thread encrypts what the caller writes to a pipe, or
writes into a pipe what the caller reads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import pyrage

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.secrets import read_secret
from smarter_connector.tenants.archive import BadArchive

BUFFER = 1024 * 1024
Recipient = pyrage.x25519.Recipient
Identity = pyrage.x25519.Identity


def recipient(text: str) -> Recipient:
    """The public key of the operator (``age1...``). Raises ConfigurationError."""
    if not text:
        raise ConfigurationError("SMARTEROS_BACKUP_RECIPIENT is not set: make one by age-keygen")
    try:
        return Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        raise ConfigurationError(
            "SMARTEROS_BACKUP_RECIPIENT is no public key of age: it begins with age1"
        ) from None


def identities(path: Path | None) -> list[Identity]:
    """The private keys in a file as ``age-keygen`` writes it. Raises ConfigurationError."""
    if path is None:
        raise ConfigurationError(
            "SMARTEROS_BACKUP_IDENTITY_FILE is not set: backups are read with the private key"
        )
    lines = [line.strip() for line in read_secret(path).splitlines()]
    try:
        found = [Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError:
        found = []  # its message could quote the line
    if not found:
        raise ConfigurationError(f"{path} holds no private key of age (AGE-SECRET-KEY-1...)")
    return found


@contextmanager
def encrypting(target: BinaryIO, key: Recipient) -> Iterator[BinaryIO]:
    """A stream to write to; ``target`` gets it encrypted, whole when the block has ended well.

    Raises what writing to ``target`` raised.
    """
    source, stream = _pipe()
    sink = _Sink(target)

    def work() -> None:
        with source:
            pyrage.encrypt_io(source, sink, [key])

    with _beside(work, sink), _quietly(stream):
        yield stream
        stream.flush()


@contextmanager
def decrypting(source: BinaryIO, keys: Sequence[Identity]) -> Iterator[BinaryIO]:
    """A stream to read from. It was authentic as a whole only when the block has ended well.

    Raises BadArchive for a key that does not fit, and for an archive that was altered or cut off.
    """
    stream, pipe = _pipe()
    sink = _Sink(pipe)

    def work() -> None:
        with _quietly(pipe):
            pyrage.decrypt_io(source, sink, list(keys))

    with _beside(work, sink), _quietly(stream):
        yield stream


class _Sink:
    """Remembers what writing raised: pyrage makes a text of it."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._target.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        try:
            self._target.flush()
        except OSError as error:
            self.error = error
            raise


def _pipe() -> tuple[BinaryIO, BinaryIO]:
    read, write = os.pipe()
    return os.fdopen(read, "rb", BUFFER), os.fdopen(write, "wb", BUFFER)


@contextmanager
def _beside(work: Callable[[], None], sink: _Sink) -> Iterator[None]:
    """Run ``work`` in a thread during the block; its failure is raised instead of the block's."""
    failures: list[Exception] = []

    def run() -> None:
        try:
            work()
        except (pyrage.DecryptError, pyrage.EncryptError, OSError) as error:
            failures.append(sink.error or _explained(error))

    thread = threading.Thread(target=run, name="age", daemon=True)
    thread.start()
    try:
        yield
    except Exception as error:
        thread.join()
        if failures and not isinstance(failures[0], BrokenPipeError):
            raise failures[0] from error
        raise
    thread.join()
    if failures:
        raise failures[0]


@contextmanager
def _quietly(stream: BinaryIO) -> Iterator[None]:
    """Close our end in any case, so that the thread ends; whether the other end was gone by then
    tells nothing that is not known."""
    try:
        yield
    finally:
        with suppress(BrokenPipeError):
            stream.close()


def _explained(error: Exception) -> Exception:
    text = str(error).lower()
    if "no matching keys" in text:
        return BadArchive("the archive was encrypted for another key than the one given")
    if isinstance(error, pyrage.EncryptError):
        return OSError(f"the archive could not be encrypted: {error}")
    return BadArchive("the archive was altered or cut off, or is none")
