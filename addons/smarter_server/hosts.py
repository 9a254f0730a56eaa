"""From the Host header to the name the registry knows."""

from __future__ import annotations

import functools
import re

from smarter_domain.tenancy import InvalidName, check_host

_AUTHORITY = re.compile(r"([^:]{1,253})(?::([0-9]{1,5}))?", re.ASCII)


@functools.lru_cache(maxsize=4096)
def split(header: str) -> tuple[str, str] | None:
    """(host in lower case, ``:port`` or nothing) of a Host header; None for whatever else it is.

    User info, lists, a final dot, brackets, spaces and everything beyond RFC 1123 are refused, not
    repaired: two programs that repair differently would see two tenants.
    """
    found = _AUTHORITY.fullmatch(header)
    if not found:
        return None
    try:
        host = check_host(found[1], allow_loopback=True)
    except InvalidName:
        return None
    return host, f":{found[2]}" if found[2] else ""
