"""Secrets by reference: ``env:NAME`` or ``file:/path``; configuration holds nothing else.

A subscription's configuration is written by people in Odoo, so a reference may only name what the
operator has set aside for it: variables with a prefix, files of one folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from smarter_connector.exceptions import ConfigurationError

MAX_BYTES = 64 * 1024


class SecretResolver:
    """Turns references into secrets and remembers them, so that they can be struck out of texts."""

    def __init__(
        self, *, env_prefix: str, folder: Path | None, environ: Mapping[str, str] | None = None
    ) -> None:
        self._env_prefix = env_prefix
        self._folder = folder
        self._environ = os.environ if environ is None else environ
        self._known: set[str] = set()

    def __repr__(self) -> str:
        return f"SecretResolver(env_prefix={self._env_prefix!r}, folder={str(self._folder)!r})"

    @property
    def known(self) -> frozenset[str]:
        """The secrets handed out so far."""
        return frozenset(self._known)

    def resolve(self, reference: str) -> str:
        """Read the secret. Raises ConfigurationError, which names the reference but no secret."""
        kind, _, name = str(reference).partition(":")
        if kind == "env":
            value = self._from_environment(name)
        elif kind == "file":
            value = self._from_file(name)
        else:
            raise ConfigurationError(
                "a secret must be given as env:NAME or file:/path, not in clear", status="secret"
            )
        if not value:
            raise ConfigurationError(f"the secret {kind}:{name} is empty", status="secret")
        self._known.add(value)
        return value

    def _from_environment(self, name: str) -> str:
        if not name.startswith(self._env_prefix):
            raise ConfigurationError(
                f"the secret env:{name} is refused: its name must start with {self._env_prefix}",
                status="secret",
            )
        if name not in self._environ:
            raise ConfigurationError(f"the variable {name} is not set", status="secret")
        return self._environ[name].strip()

    def _from_file(self, name: str) -> str:
        path = Path(name).resolve()
        if self._folder is None or not path.is_relative_to(self._folder.resolve()):
            raise ConfigurationError(
                f"the secret file:{name} is refused: it must lie in {self._folder}", status="secret"
            )
        return read_secret(path)


def read_secret(path: Path) -> str:
    """The text of a secret file without its line end. Raises ConfigurationError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigurationError(
            f"the secret file {path} cannot be read: {reason}", status="secret"
        ) from error
