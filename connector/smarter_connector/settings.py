"""Every setting of the connector: environment variables with prefix ``SMARTER_``.

Secrets never stand here in clear: a field that needs one names a file (``..._FILE``) or a reference
as :mod:`smarter_connector.secrets` reads it. Durations are in seconds, sizes in bytes.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from smarter_connector.exceptions import ConfigurationError
from smarter_domain.rut import InvalidRut, Rut

MAX_TENANTS_FILE = 8 * 1024 * 1024


class TenantSettings(BaseModel):
    """One tenant database. It is served only if its ``uuid`` and ``rut`` are these."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database: str = Field(min_length=1, max_length=63)
    uuid: str = Field(min_length=1, max_length=64)
    rut: str
    store: Literal["postgres", "rpc", "memory"] = "postgres"
    url: str = ""
    """rpc: where Odoo answers, ``https://erp.example.cl``."""
    login: str = ""
    """rpc: login of a user in the group of the connector."""
    password: str = ""
    """rpc: reference to the API key, ``env:SMARTER_SECRET_...`` or ``file:/...``."""

    @field_validator("rut")
    @classmethod
    def _plain_rut(cls, value: str) -> str:
        try:
            return Rut.parse(value).plain
        except InvalidRut as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="after")
    def _rpc_is_complete(self) -> TenantSettings:
        if self.store == "rpc":
            missing = [name for name in ("url", "login", "password") if not getattr(self, name)]
            if missing:
                raise ValueError(f"a tenant with the rpc store needs {', '.join(missing)}")
            if not self.password.startswith(("env:", "file:")):
                raise ValueError("password must be a reference, env:NAME or file:/path")
        return self


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="SMARTER_", env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    tenants: tuple[TenantSettings, ...] = ()
    """Tenants as a JSON list."""
    tenants_file: Path | None = None
    """The same list in a ``.json`` file, or as ``[[tenants]]`` of a ``.toml`` file."""

    registry_database: str = ""
    """Database of the registry of tenants, on the tenants' server; empty for none."""
    registry_dsn_file: Path | None = None
    """File with the connection string of the registry, when it is elsewhere or has its own role."""
    registry_seconds: float = Field(30, gt=0)
    """How often the registry is read again unannounced."""

    pg_host: str | None = None
    """PostgreSQL of the tenants; what is not set comes from the PG* variables of libpq."""
    pg_port: int | None = None
    pg_user: str = "smarteros_connector"
    pg_password_file: Path | None = None
    pg_sslmode: str | None = None
    pg_wake_database: str = "postgres"
    """Database in which Odoo announces committed events."""
    pg_max_connections: int = Field(100, ge=1)
    """Connections to tenant databases open at once; the least recently used one gives way."""
    pg_timeout: float = Field(30, gt=0)
    """For one statement and for connecting."""

    rpc_timeout: float = Field(30, gt=0)
    rpc_threads: int = Field(8, ge=1)

    worker: str = ""
    """Name shown in the delivery list; the host name and process id if empty."""
    poll_seconds: float = Field(5, gt=0)
    """How often an idle tenant is asked unannounced; doubles up to the next one."""
    poll_max_seconds: float = Field(30, gt=0)
    lease_seconds: float = Field(60, ge=2, le=3600)
    claim_limit: int = Field(200, ge=1, le=1000)
    """Deliveries of one subscription taken at once."""
    per_lane: int = Field(50, ge=1, le=1000)
    identity_seconds: float = Field(60, gt=0)
    """How often a database is asked who it is, and a refused one is tried again."""
    stop_seconds: float = Field(20, ge=0)
    """Time to finish what was begun after SIGTERM."""

    concurrency: int = Field(8, ge=1, le=256)
    """Requests at once to one subscription, whose ``config.concurrency`` lowers it."""
    host_concurrency: int = Field(32, ge=1)
    total_concurrency: int = Field(256, ge=1)
    breaker_failures: int = Field(5, ge=1)
    """Failures in a row after which a subscription rests."""
    breaker_seconds: float = Field(15, gt=0)
    """Its first rest; doubles with each failed probe up to the next one."""
    breaker_max_seconds: float = Field(600, gt=0)
    retry_schedule: tuple[NonNegativeFloat, ...] = (
        5, 30, 120, 600, 1800, 7200, 18000, 36000, 50400, 72000,
    )  # fmt: skip
    """Upper bounds of the waits between attempts; after the last one comes the dead letter."""
    retry_after_max: float = Field(86400, gt=0)

    http_timeout: float = Field(20, gt=0)
    http_connect_timeout: float = Field(5, gt=0)
    max_payload: int = Field(1024 * 1024, ge=1024)
    """A larger request body is not sent."""
    max_answer: int = Field(64 * 1024, ge=1024)
    allow_private: tuple[str, ...] = ()
    """Private targets that are allowed: host names, ``*.suffix``, addresses or networks."""

    secret_env_prefix: str = "SMARTER_SECRET_"
    secrets_dir: Path | None = Path("/run/secrets")

    warehouse_dsn_file: Path | None = None
    """File with the connection string of the warehouse's writer."""

    http_host: str = "127.0.0.1"
    """Where ``/health``, ``/ready`` and ``/metrics`` answer."""
    http_port: int = Field(9108, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "text"] = "json"

    @property
    def uses_registry(self) -> bool:
        return bool(self.registry_database or self.registry_dsn_file)

    def all_tenants(self) -> tuple[TenantSettings, ...]:
        """The tenants of both lists. Raises ConfigurationError, also when one is listed twice."""
        found = (*self.tenants, *(_read_tenants(self.tenants_file) if self.tenants_file else ()))
        names = [tenant.database for tenant in found]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigurationError(f"listed twice as tenant: {', '.join(twice)}")
        return found


def load(**overrides: Any) -> Settings:
    """The settings of this process. Raises ConfigurationError with one line for each problem."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigurationError(_describe(error)) from error
    except SettingsError as error:
        # It names the field, and its cause would quote the value.
        name = str(error).partition('field "')[2].partition('"')[0].upper()
        raise ConfigurationError(f"SMARTER_{name}: it must be JSON, such as a list") from None


def _describe(error: ValidationError) -> str:
    """The problems by variable; never the values, which may be secrets put in the wrong place."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        place = "__".join(str(part) for part in problem["loc"]).upper()
        lines.append(f"SMARTER_{place}: {problem['msg']}")
    return "\n".join(lines)


def _read_tenants(path: Path) -> tuple[TenantSettings, ...]:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_TENANTS_FILE).decode()
        found = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the tenant list {path} cannot be read: {error}") from error
    listed = found.get("tenants", []) if isinstance(found, dict) else found
    if not isinstance(listed, list):
        raise ConfigurationError(f"the tenant list {path} is no list")
    try:
        return tuple(TenantSettings.model_validate(item) for item in listed)
    except ValidationError as error:
        raise ConfigurationError(f"the tenant list {path}: {_describe(error)}") from error
