"""A tenant that somebody asks for, checked before anything is done about it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smarter_connector.registry.errors import InvalidRequest
from smarter_connector.registry.rows import Kind
from smarter_domain.plans import Plan
from smarter_domain.rut import InvalidRut, Rut
from smarter_domain.tenancy import InvalidName, check_host, check_slug

NAME_MAX = 200
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&*+/=?^_{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTenant:
    """``rut`` in any format becomes the plain one, hosts become lower case.

    Raises :class:`InvalidRequest` naming what is wrong. The first of ``hosts`` is the primary one.
    """

    rut: str
    name: str
    slug: str
    plan: str
    hosts: tuple[str, ...] = ()
    kind: Kind = "production"
    admin_email: str = ""
    release: str = ""
    module_set: str = ""
    modules: Mapping[str, str] = field(default_factory=dict)
    external_ids: Mapping[str, Any] = field(default_factory=dict)
    source_tenant: int | None = None

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "rut", Rut.parse(self.rut).plain)
            check_slug(self.slug)
            object.__setattr__(self, "hosts", checked_hosts(self.hosts))
        except InvalidRut as error:
            raise InvalidRequest(
                f"RUT {ascii(self.rut)[:60]}: {error}", status=error.reason
            ) from error
        except InvalidName as error:
            raise InvalidRequest(str(error), status=error.reason) from error
        self._check_texts()

    def _check_texts(self) -> None:
        if self.plan not in {plan.value for plan in Plan}:
            known = ", ".join(plan.value for plan in Plan)
            raise InvalidRequest(f"plan {ascii(self.plan)[:60]} is none of {known}")
        check_tenant_name(self.name)
        if self.admin_email and not _EMAIL.fullmatch(self.admin_email):
            raise InvalidRequest(f"{ascii(self.admin_email)[:80]} is no e-mail address")


def checked_hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    """The hosts in lower case, each once. Raises InvalidName."""
    return tuple(dict.fromkeys(check_host(host, allow_loopback=True) for host in hosts))


def check_tenant_name(name: str) -> str:
    """A name of one line that a person can read. Raises InvalidRequest."""
    if not isinstance(name, str) or not name.strip() or len(name) > NAME_MAX:
        raise InvalidRequest(f"a tenant's name has 1 to {NAME_MAX} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        raise InvalidRequest("a tenant's name is one line without control characters")
    return name
