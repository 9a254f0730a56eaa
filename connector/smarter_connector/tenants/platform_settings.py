"""Settings of the operator's machine: environment variables with prefix ``SMARTEROS_``.

They open PostgreSQL as its administrator, so neither Odoo nor the connector may ever have them. The
password stands in a file. Durations are in seconds unless the name says otherwise.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.provisioning import CONNECTOR_ROLE
from smarter_connector.sinks.warehouse.names import Names

PREFIX = "SMARTEROS_"
FILE_VARIABLE = "SMARTEROS_SETTINGS_FILE"
"""Names a file of ``SMARTEROS_...=value`` lines; variables of the environment beat it."""

MODULES = (
    "smarter_events", "account", "l10n_cl", "sale_management", "stock", "sale_stock", "purchase",
    "purchase_stock", "crm", "sale_crm", "contacts", "point_of_sale",
)  # fmt: skip


class PlatformSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    pg_host: str
    pg_port: int = Field(5432, ge=1, le=65535)
    pg_admin_user: str
    pg_admin_password_file: Path | None = None
    pg_sslmode: str | None = None
    pg_bin_dir: Path | None = None
    """Where ``pg_dump`` and ``pg_restore`` of the server's version lie; else PATH."""
    odoo_role: str = "odoo"
    connector_role: str = CONNECTOR_ROLE
    registry_database: str = "smarteros_registry"
    base_template: str = "smarteros_base"
    """Database with the extensions that Odoo's own role may not create."""

    data_dir: Path
    """Odoo's ``data_dir``: the filestores lie in it."""
    odoo_command: tuple[str, ...] = ("odoo",)
    odoo_config: Path | None = None
    odoo_env: dict[str, str] = {}
    odoo_timeout: float = Field(3600, gt=0)
    """For one run of Odoo: an installation, an upgrade, a script."""
    logs_dir: Path | None = None
    """Where what Odoo said is kept; ``data_dir``/logs if empty."""
    addons: tuple[Path, ...] = ()
    """Folders of the addons that a release consists of."""

    odoo_build: str = ""
    """What Odoo's own code is called in a release; asked of ``odoo --version`` if empty."""
    release: str = ""
    """Release of new tenants; the newest registered one if empty."""
    module_set: str = "full"
    modules: tuple[str, ...] = MODULES
    """What ``module_set`` installs."""
    language: str = "es_CL"

    releases_dir: Path | None = None
    backups_dir: Path | None = None
    backup_recipient: str = ""
    """Public key (age) that backups are encrypted for."""
    backup_identity_file: Path | None = None
    """File with the private key, needed to verify and restore."""
    backup_keep_daily: int = Field(7, ge=0, le=1000)
    """Of how many days the newest backup is kept; likewise weeks and months."""
    backup_keep_weekly: int = Field(5, ge=0, le=1000)
    backup_keep_monthly: int = Field(12, ge=0, le=1000)

    domain: str = "localhost"
    """Suffix of the host names of new tenants."""
    base_scheme: Literal["http", "https"] = "https"
    public_port: int | None = None
    """Port in the addresses of tenants, where it is not the usual one of the scheme."""
    invitation_hours: int = Field(168, ge=1, le=720)
    """How long the link to choose a first password holds."""

    warehouse: bool = False
    """Whether tenants are entered in the KPI warehouse of this server."""
    warehouse_names: dict[str, str] = {}
    """What differs from the usual names of its database and roles."""
    secrets_dir: Path | None = None
    """Where the connection strings of the warehouse's readers are saved."""

    jobs: int = Field(2, ge=1, le=64)
    """Odoo processes at once when several tenants are upgraded."""
    memory_budget_mb: int = Field(2048, ge=256)
    """Memory for them; one takes 400 MB."""
    drain_seconds: float = Field(20, ge=0)
    """How long an upgrade waits for requests and deliveries under way."""
    restore_point_hours: int = Field(24, ge=0)
    """How long a tenant's database as it was before an upgrade is kept."""
    deleted_days: int = Field(30, ge=0)
    """How long a deleted tenant can be brought back."""
    testing: bool = False
    """Honours SMARTEROS_TEST_KILL_AFTER."""

    @property
    def filestores(self) -> Path:
        return self.data_dir / "filestore"

    @property
    def logs(self) -> Path:
        return self.logs_dir or self.data_dir / "logs"

    def warehouse_naming(self) -> Names:
        return Names(**self.warehouse_names)

    def base_url(self, host: str) -> str:
        """``https://acme.example.cl``, where the tenant with this host name answers."""
        port = f":{self.public_port}" if self.public_port else ""
        return f"{self.base_scheme}://{host}{port}"


def load(**overrides: Any) -> PlatformSettings:
    """The settings of this process. Raises ConfigurationError with one line for each problem."""
    try:
        return PlatformSettings(_env_file=os.environ.get(FILE_VARIABLE), **overrides)
    except ValidationError as error:
        raise ConfigurationError(_describe(error)) from error
    except SettingsError as error:
        # It names the field, and its cause would quote the value.
        name = str(error).partition('field "')[2].partition('"')[0].upper()
        raise ConfigurationError(f"{PREFIX}{name}: it must be JSON, such as a list") from None


def _describe(error: ValidationError) -> str:
    """The problems by variable; never the values."""
    return "\n".join(
        f"{PREFIX}{'__'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    )
