import re

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import OrderedSet

from smarter_domain.rut import Rut

_COLLECTIONS = (list, tuple, set, frozenset, OrderedSet)
_POSITIVE = ("=", "in", "ilike", "like", "=ilike", "=like")
_NEGATIVE = {"!=": "=", "not in": "in", "not ilike": "ilike", "not like": "like"}
# The beginning of a RUT while somebody types it: digits in groups, perhaps the check digit.
_PARTIAL = re.compile(r"\d{1,3}(?:[. ]\d{1,3})+(?:-[\dkK]?)?", re.ASCII)


class SmarterRutSearch(models.AbstractModel):
    """A record with ``vat`` and ``smarter_rut`` is found by its RUT in any format, as a whole or,
    in a search box, just begun; every other text is searched as ever."""

    _name = "smarter.rut.search"
    _description = "Search by RUT in any format"

    @api.model
    def _search(self, domain, *args, **kwargs):
        domain = Domain(domain).map_conditions(self._smarter_widen_vat)
        return super()._search(domain, *args, **kwargs)

    @api.model
    def _smarter_widen_vat(self, condition):
        if condition.field_expr != "vat":
            return condition
        return self._smarter_or_rut(condition, condition.operator, condition.value)

    @api.model
    def _search_display_name(self, operator, value):
        domain = Domain(super()._search_display_name(operator, value))
        return self._smarter_or_rut(domain, operator, value)

    @api.model
    def _smarter_or_rut(self, domain, operator, value):
        """Add the records whose RUT is ``value``, or take them out if ``operator`` excludes."""
        if operator in _POSITIVE:
            return domain | self._smarter_rut_domain(operator, value)
        if operator in _NEGATIVE:
            return domain & ~self._smarter_rut_domain(_NEGATIVE[operator], value)
        return domain

    @api.model
    def _smarter_rut_domain(self, operator, value):
        """Match ``value`` (a text, or several for ``in``) as a RUT; or match nothing.

        With ``like`` a RUT may be just begun.
        """
        if operator == "in" and isinstance(value, _COLLECTIONS):
            return Domain.OR(self._smarter_rut_domain("=", text) for text in value)
        if not isinstance(value, str):
            return Domain.FALSE
        text, found = value.strip(" %"), Domain.FALSE
        if Rut.is_valid(text):
            found |= Domain("smarter_rut", "=", Rut.parse(text).plain)
        # "54.321" may be a whole RUT (5432-1) and the beginning of another (54.321.098-6).
        if "like" in operator and _PARTIAL.fullmatch(text):
            found |= Domain("smarter_rut", "=like", re.sub(r"[. ]", "", text.upper()) + "%")
        return found


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["smarter.rut.search", "res.partner"]  # first: it widens what others search


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["smarter.rut.search", "res.company"]  # first: it widens what others search
