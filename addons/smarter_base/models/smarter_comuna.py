from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import ormcache, remove_accents


def search_key(text):
    """Lower case, no accents: how two names of a comuna are compared."""
    return remove_accents(text or "").lower().strip()


class SmarterComuna(models.Model):
    """The 346 comunas of Chile, as in the table of códigos únicos territoriales (CUT).

    Source: SUBDERE, "Códigos Únicos Territoriales" of 2018 (Decreto 1.115 of the Ministry
    of the Interior, with the region of Ñuble). The first two digits are the region.
    """

    _name = "smarter.comuna"
    _description = "Comuna"
    _order = "name, id"
    _rec_names_search = ["search_name", "code"]

    name = fields.Char(required=True, readonly=True)
    code = fields.Char(
        "CUT code", required=True, readonly=True, help="Código Único Territorial, five digits."
    )
    alias = fields.Char(
        "Other names", readonly=True, help="Other spellings in use, separated by semicolons."
    )
    state_id = fields.Many2one(
        "res.country.state", "Region", required=True, readonly=True, index=True
    )
    country_id = fields.Many2one(related="state_id.country_id")
    search_name = fields.Char(compute="_compute_search_name", store=True, index="trigram")

    _code_uniq = models.Constraint("UNIQUE (code)", "This CUT code is already used.")
    _name_uniq = models.Constraint("UNIQUE (name)", "This comuna already exists.")
    _code_digits = models.Constraint(
        "CHECK (code ~ '^[0-9]{5}$')", "A CUT code has exactly five digits."
    )

    @api.depends("name", "alias")
    def _compute_search_name(self):
        for comuna in self:
            names = [comuna.name, *(comuna.alias or "").split(";")]
            comuna.search_name = ";".join(filter(None, map(search_key, names)))

    @api.model
    def _search_display_name(self, operator, value):
        """Find ``Ñuñoa`` by ``nunoa``: the stored key has no accents, so neither has the text."""
        if isinstance(value, str):
            value = search_key(value)
            if operator == "=":
                return Domain("id", "in", self._named(value).ids)
        return super()._search_display_name(operator, value)

    @api.model
    @ormcache()
    def _index(self):
        """Map every name and alias (as :func:`search_key`) to (comuna id, region id).

        The table never changes at run time, so an import of ten thousand addresses reads it once.
        """
        # Public data, needed whoever writes an address.
        comunas_sudo = self.sudo().search_fetch([], ["search_name", "state_id"])
        return {
            key: (comuna.id, comuna.state_id.id)
            for comuna in comunas_sudo
            for key in comuna.search_name.split(";")
        }

    @api.model
    def _named(self, text, state=None):
        """Return the comuna called exactly ``text`` (any accents, any alias), or none.

        With ``state`` (a region) only a comuna of that region counts.
        """
        comuna_id, state_id = self._index().get(search_key(text), (None, None))
        if state and state.id != state_id:
            return self.browse()
        return self.browse(comuna_id)

    def _address_values(self):
        """Return city, region and country of this comuna as values to write; {} for none."""
        if not self:
            return {}
        return {
            "city": self.name,
            "state_id": self.state_id.id,
            "country_id": self.state_id.country_id.id,
        }
