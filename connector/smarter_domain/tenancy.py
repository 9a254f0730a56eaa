"""Names of a tenant's databases and hosts, and the only place that maps one to the other.

A database is named by the RUT (``t_77654321_7``) and its name keeps to letters, digits and
underscores; a host is named by the slug (``mi-empresa.example.cl``) and has no underscore. What is
accepted here may stand in an SQL identifier, a path, a shell word or a URL without quoting.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

from smarter_domain.rut import InvalidRut, Rut

SLUG_MAX = 40
HOST_MAX = 253

#: Host names that belong to the platform beside the tenants' own, under the same domain.
RESERVED_SLUGS = frozenset(
    "admin api autoconfig autodiscover chat chatwoot clerk connector ftp imap kpi localhost mail "
    "metabase n8n ns1 ns2 odoo pop postgres proxy registry smtp staging status www".split()
)

_DATABASE = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_TENANT = re.compile(r"t_[0-9]{1,8}_[0-9k]", re.ASCII)
_SET = re.compile(r"[a-z][a-z0-9_]{0,40}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{4,32}", re.ASCII)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
# The last label of a name that a browser would read as an IPv4 address (WHATWG URL, 3.5).
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)

_MESSAGES = {
    "empty": "it is empty",
    "length": "it is too long",
    "characters": "it has characters that are not allowed",
    "label": "a part of it is empty, too long, or begins or ends with a hyphen",
    "address": "it is an IP address, or would be read as one",
    "rut": "it could be taken for a RUT or a number",
    "reserved": "it is reserved for the platform",
    "number": "the number must be positive",
    "check_digit": "the check digit of its RUT is wrong",
}


class InvalidName(ValueError):
    """A text that cannot name what it should; ``reason`` is a key of the messages above."""

    def __init__(self, what: str, text: object, reason: str) -> None:
        super().__init__(f"{what} {_shown(text)} is not valid: {_MESSAGES[reason]}")
        self.reason = reason


def database_name(rut: Rut | str) -> str:
    """``t_77654321_7``. Raises :class:`~smarter_domain.rut.InvalidRut`."""
    return _rut(rut).database_name()


def parse_database_name(text: str) -> Rut:
    """The RUT of a tenant's production database, written exactly as :func:`database_name` does."""
    if not isinstance(text, str) or not _TENANT.fullmatch(text):
        raise InvalidName("database", text, "characters")
    try:
        return Rut.from_database_name(text)
    except InvalidRut as error:
        reason = "check_digit" if error.reason == "check_digit" else "characters"
        raise InvalidName("database", text, reason) from error


def staging_name(rut: Rut | str, number: int) -> str:
    """``s_77654321_7_1``: the ``number``-th clone for trials."""
    return f"s_{_rut(rut).database_name()[2:]}_{_positive(number)}"


def new_name(tenant_id: int) -> str:
    """``new_12``: a database in preparation, which no host reaches."""
    return f"new_{_positive(tenant_id)}"


def restore_point_name(tenant_id: int, operation_id: int) -> str:
    """``pre_12_34``: the tenant as it was before an operation."""
    return f"pre_{_positive(tenant_id)}_{_positive(operation_id)}"


def deleted_name(tenant_id: int) -> str:
    """``del_12``: a deleted tenant that can still be brought back."""
    return f"del_{_positive(tenant_id)}"


def template_name(module_set: str, digest: str) -> str:
    """``tpl_business_0123456789ab``; ``digest`` is hexadecimal and is cut to twelve digits."""
    if not isinstance(module_set, str) or not _SET.fullmatch(module_set):
        raise InvalidName("module set", module_set, "characters")
    return f"tpl_{module_set}_{_hexadecimal(digest, 12)[:12]}"


def scratch_name(digits: str) -> str:
    """``scratch_0a1b2c3d``: a database of one verification, dropped after it."""
    return f"scratch_{_hexadecimal(digits, 4)}"


def check_database_name(text: str) -> str:
    """Return ``text`` when any of our databases could be called so."""
    if not isinstance(text, str) or not text:
        raise InvalidName("database", text, "empty" if text == "" else "characters")
    if not _DATABASE.fullmatch(text):
        raise InvalidName("database", text, "length" if len(text) > 63 else "characters")
    return text


def slug_from_name(name: str) -> str:
    """``mi-empresa-spa`` of ``Mi Empresa SpA``: ASCII, lower case, hyphens, up to 40 characters.

    Raises :class:`InvalidName` when nothing of the name can be written so.
    """
    if not isinstance(name, str):
        raise InvalidName("name", name, "characters")
    plain = unicodedata.normalize("NFKD", name[:400].replace("&", " y "))
    letters = plain.encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:SLUG_MAX].strip("-")
    if not slug:
        raise InvalidName("name", name, "empty")
    if slug in RESERVED_SLUGS or _is_number(slug):
        slug = f"empresa-{slug}"
    return check_slug(slug)


def check_slug(text: str) -> str:
    """Return ``text`` when it may be the first label of a host and the short name of a tenant."""
    if not isinstance(text, str) or not text:
        raise InvalidName("slug", text, "empty" if text == "" else "characters")
    if len(text) > SLUG_MAX:
        raise InvalidName("slug", text, "length")
    if not _SLUG.fullmatch(text):
        raise InvalidName("slug", text, "characters")
    if text in RESERVED_SLUGS:
        raise InvalidName("slug", text, "reserved")
    if _is_number(text):
        raise InvalidName("slug", text, "rut")
    return text


def check_host(text: str, *, allow_loopback: bool = False) -> str:
    """The host in lower case, when it may be one of a tenant: labels of RFC 1123, at least two.

    ``localhost`` alone is allowed too, and 127.0.0.0/8 with ``allow_loopback``. A port, a final
    dot, an underscore and a letter outside ASCII are refused (write IDNA as ``xn--...``), and so
    is what a browser takes for an address and what an operator takes for a RUT.
    """
    if not isinstance(text, str) or not text:
        raise InvalidName("host", text, "empty" if text == "" else "characters")
    if len(text) > HOST_MAX:
        raise InvalidName("host", text, "length")
    if not re.fullmatch(r"[A-Za-z0-9.-]+", text, re.ASCII):
        raise InvalidName("host", text, "characters")
    host = text.lower()
    if host == "localhost" or (allow_loopback and _is_loopback(host)):
        return host
    reason = _host_problem(host)
    if reason:
        raise InvalidName("host", text, reason)
    return host


def host_name(slug: str, domain: str) -> str:
    """``mi-empresa.example.cl``: the host of a tenant under the platform's ``domain``."""
    return check_host(f"{check_slug(slug)}.{domain}")


def _host_problem(host: str) -> str:
    labels = host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or len(labels) < 2:
        return "label"
    if any(label[2:4] == "--" and not label.startswith("xn--") for label in labels):
        return "label"
    if _NUMBER.fullmatch(labels[-1]):
        return "address"
    return "rut" if Rut.is_valid(host) else ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ipaddress.AddressValueError:
        return False


def _is_number(text: str) -> bool:
    return text.isdigit() or Rut.is_valid(text)


def _positive(number: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 2**63:
        raise InvalidName("number", number, "number")
    return number


def _hexadecimal(text: str, least: int) -> str:
    if not isinstance(text, str) or len(text) < least or not _HEX.fullmatch(text[:32]):
        raise InvalidName("digest", text, "characters")
    return text


def _rut(value: Rut | str) -> Rut:
    return value if isinstance(value, Rut) else Rut.parse(value)


def _shown(text: object) -> str:
    """Short, on one line, and with no control character for a terminal to obey."""
    return ascii(text if not isinstance(text, str) else text[:80])
