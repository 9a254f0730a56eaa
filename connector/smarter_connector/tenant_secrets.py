"""What the subscriptions of one tenant may name as a secret: its own, and none of the connector's.

Configurations are written by people of the tenants, who also choose where the secret is sent. So
one tenant must not be able to name another's secret, nor the passwords the connector itself uses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.secrets import SecretResolver
from smarter_connector.settings import Settings, TenantSettings


@dataclass(frozen=True)
class TenantSecrets:
    """``alone``: the connector serves no other tenant, and all that may be named is its own.

    Else a tenant's variables are ``<prefix><DATABASE>__NAME`` and its files lie in
    ``<folder>/<database>/``. ``reserved`` are references that only the operator may use.
    """

    resolver: SecretResolver
    settings: Settings
    database: str
    alone: bool
    reserved: frozenset[str] = frozenset()

    def resolve(self, reference: str) -> str:
        """Read the secret. Raises ConfigurationError as :class:`SecretResolver` does."""
        plain = _plain(str(reference))
        if plain in self.reserved:
            raise ConfigurationError(
                f"the secret {reference} is refused: it is the connector's own", status="secret"
            )
        if not (self.alone or self._own(plain)):
            raise ConfigurationError(self._explain(), status="secret")
        return self.resolver.resolve(reference)

    def _own(self, plain: str) -> bool:
        kind, _, name = plain.partition(":")
        folder = self.settings.secrets_dir
        if kind == "file" and folder is not None:
            return Path(name).is_relative_to((folder / self.database).resolve())
        owner, mark, _ = name.removeprefix(self.settings.secret_env_prefix).partition("__")
        return kind == "env" and bool(mark) and owner == self.database.upper()

    def _explain(self) -> str:
        # The reference is not repeated: it may be a secret that was entered in clear.
        prefix, folder = self.settings.secret_env_prefix, self.settings.secrets_dir
        return (
            "the secret is refused: where several tenants are served, those of this one are "
            f"env:{prefix}{self.database.upper()}__NAME and file:{folder}/{self.database}/NAME"
        )


def reserved(settings: Settings, tenants: Iterable[TenantSettings]) -> frozenset[str]:
    """What the connector itself reads: files with passwords, and the API keys of rpc stores."""
    files = (settings.pg_password_file, settings.warehouse_dsn_file, settings.registry_dsn_file)
    named = (tenant.password for tenant in tenants if tenant.password)
    return frozenset(map(_plain, [*(f"file:{path}" for path in files if path), *named]))


def _plain(reference: str) -> str:
    """One spelling for each secret: links and dots in paths are followed."""
    kind, _, name = reference.partition(":")
    if kind != "file" or "\0" in name:
        return reference
    return f"file:{Path(name).resolve()}"
