"""The Chilean tax number (RUT), which also identifies people (RUN).

A RUT is a number and a check digit computed by modulus 11 (Servicio de Impuestos
Internos; the digit itself is left to ``stdnum.cl.rut``). The number is accepted from 1 to
99.999.999: the SII's schema type ``RUTType`` has no lower bound and today's highest numbers
have eight digits. A value above that is somebody else's tax number typed by mistake.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stdnum.cl import rut as stdnum_rut
from stdnum.util import clean

NUMBER_MIN = 1
NUMBER_MAX = 99_999_999

# A paste from a spreadsheet or a PDF brings more than one needs; nothing longer is a RUT.
_TEXT_MAX = 40
_SHAPE = re.compile(r"([0-9]+)-?([0-9K])", re.ASCII)
_DATABASE = re.compile(r"t_([1-9][0-9]{0,7})_([0-9k])", re.ASCII)

_MESSAGES = {
    "empty": "El RUT está vacío.",
    "format": "El RUT debe tener números, guion y dígito verificador, como 12.345.678-5.",
    "check_digit": "El dígito verificador del RUT no corresponde al número.",
    "range": "El número del RUT debe estar entre 1 y 99.999.999.",
}


class InvalidRut(ValueError):
    """A text that is not a RUT.

    ``reason`` is one of ``empty``, ``format``, ``check_digit``, ``range``; the message is in
    neutral Spanish and names no record, so that the caller may add where it happened.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(_MESSAGES[reason])
        self.reason = reason


@dataclass(frozen=True, order=True, slots=True)
class Rut:
    """A valid RUT; two of them compare by number.

    ``number`` is 1 to 99.999.999 and ``dv`` is ``0``-``9`` or ``K``; anything else raises
    :class:`InvalidRut`, so an instance is proof of validity.
    """

    number: int
    dv: str

    def __post_init__(self) -> None:
        if isinstance(self.number, bool) or not isinstance(self.number, int):
            raise InvalidRut("format")
        if not NUMBER_MIN <= self.number <= NUMBER_MAX:
            raise InvalidRut("range")
        if self.dv != stdnum_rut.calc_check_digit(str(self.number)):
            raise InvalidRut("check_digit")

    @classmethod
    def parse(cls, text: str | None) -> Rut:
        """Read a RUT written with or without dots, dash, spaces, leading zeros or ``CL``.

        A lower-case ``k`` is accepted. Raises :class:`InvalidRut`.
        """
        if text is not None and not isinstance(text, str):
            raise InvalidRut("format")
        text = (text or "").strip()
        if not text:
            raise InvalidRut("empty")
        if len(text) > _TEXT_MAX:
            raise InvalidRut("format")
        match = _SHAPE.fullmatch(_compact(text))
        if match is None:
            raise InvalidRut("format")
        return cls(int(match[1]), match[2])

    @classmethod
    def from_number(cls, number: int) -> Rut:
        """Give ``number`` its check digit. Raises :class:`InvalidRut` (``range``)."""
        if not NUMBER_MIN <= number <= NUMBER_MAX:
            raise InvalidRut("range")
        return cls(number, stdnum_rut.calc_check_digit(str(number)))

    @classmethod
    def from_database_name(cls, name: str) -> Rut:
        """Read a tenant's database name, exactly as :meth:`database_name` writes it."""
        match = _DATABASE.fullmatch(name or "")
        if match is None:
            raise InvalidRut("format")
        return cls(int(match[1]), match[2].upper())

    @classmethod
    def is_valid(cls, text: str | None) -> bool:
        """Say whether :meth:`parse` would accept ``text``."""
        try:
            cls.parse(text)
        except InvalidRut:
            return False
        return True

    @property
    def plain(self) -> str:
        """``12345678-5``: how it is stored, sent and signed."""
        return f"{self.number}-{self.dv}"

    @property
    def dotted(self) -> str:
        """``12.345.678-5``: how people read it."""
        return f"{self.number:,}".replace(",", ".") + f"-{self.dv}"

    def database_name(self) -> str:
        """``t_12345678_5``, the name of the tenant's database (``k`` in lower case)."""
        return f"t_{self.number}_{self.dv.lower()}"

    def __str__(self) -> str:
        return self.plain


def _compact(text: str) -> str:
    """Drop spaces, dots and the prefix of the country; every kind of dash becomes ``-``."""
    return clean(text, " .").upper().removeprefix("CL").removeprefix("-")
