import re

from odoo import api, models
from odoo.fields import Domain

from smarter_domain.rut import InvalidRut, Rut

_POSITIVE = ("=", "ilike", "like", "=ilike", "=like")
# The beginning of a RUT while somebody types it: digits in groups, perhaps the check digit.
_PARTIAL = re.compile(r"\d{1,3}(?:[. ]\d{1,3})+(?:-[\dkK]?)?", re.ASCII)


class ResPartner(models.Model):
    """A contact is found by its RUT in any format; every other text is searched as ever."""

    _inherit = "res.partner"

    @api.model
    def _search(self, domain, *args, **kwargs):
        domain = Domain(domain).map_conditions(self._smarter_widen_vat)
        return super()._search(domain, *args, **kwargs)

    @api.model
    def _smarter_widen_vat(self, condition):
        if condition.field_expr != "vat" or condition.operator not in _POSITIVE:
            return condition
        return condition | self._smarter_rut_domain(condition.operator, condition.value)

    @api.model
    def _search_display_name(self, operator, value):
        domain = super()._search_display_name(operator, value)
        if operator not in _POSITIVE:
            return domain
        return Domain(domain) | self._smarter_rut_domain(operator, value)

    @api.model
    def _smarter_rut_domain(self, operator, value):
        """Match ``value`` as a RUT, complete or (for ``like``) begun; or match nothing."""
        if not isinstance(value, str):
            return Domain.FALSE
        text = value.strip(" %")
        try:
            return Domain("smarter_rut", "=", Rut.parse(text).plain)
        except InvalidRut:
            if "like" in operator and _PARTIAL.fullmatch(text):
                return Domain("smarter_rut", "=like", re.sub(r"[. ]", "", text.upper()) + "%")
        return Domain.FALSE
