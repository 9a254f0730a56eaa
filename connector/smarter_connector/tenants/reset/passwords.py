"""Passwords as Odoo stores them, so that one can be set without running Odoo."""

from __future__ import annotations

import base64
import hashlib
import secrets
from pathlib import Path

from smarter_connector.registry.errors import InvalidRequest
from smarter_connector.secrets import read_secret

ROUNDS = 600_000
"""Odoo 19's least number of rounds (``res_users.MIN_ROUNDS``); it accepts any higher one."""
LENGTH_MIN = 12
LENGTH_MAX = 1024


def read_password(path: Path) -> str:
    """A first password from a file. Raises InvalidRequest when it is too short to keep."""
    password = read_secret(path)
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise InvalidRequest(f"the password in {path} must have {LENGTH_MIN} or more characters")
    return password


def encrypt(password: str, rounds: int = ROUNDS) -> str:
    """PBKDF2-HMAC-SHA512 in passlib's format: ``$pbkdf2-sha512$rounds$salt$checksum``."""
    salt = secrets.token_bytes(16)
    checksum = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"$pbkdf2-sha512${rounds}${_ab64(salt)}${_ab64(checksum)}"


def _ab64(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=").replace("+", ".")
