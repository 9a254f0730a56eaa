import re

from odoo import api, fields, models

from smarter_domain.rut import InvalidRut, Rut

# "Consumidor final": the RUT the SII gives to buyers without name; any number of contacts has it.
ANONYMOUS_RUT = "66666666-6"

# Without a country, only what is written like a RUT is read as one: up to eight digits, with or
# without dots or spaces, a dash and the check digit; or all of it without dash, after "CL".
_WRITTEN_AS_RUT = re.compile(
    r"\s*(?:CL\s*)?\d{1,3}(?:[. ]?\d{3}){0,2}\s*-\s*[\dK]\s*|\s*CL\s*\d{1,8}[\dK]\s*",
    re.ASCII | re.IGNORECASE,
)


class ResPartner(models.Model):
    """RUT of a contact: checked and stored as Odoo's Chilean localization stores it, 12345678-5.

    Odoo already checks the tax number of a Chilean contact when ``vat``, the country or the type
    of identification is written. This class only gives those hooks SmarterOS' rule (one rule for
    addons and connector) and extends them to contacts without a country.
    """

    _inherit = "res.partner"

    smarter_rut = fields.Char(
        "RUT (normalised)",
        compute="_compute_smarter_rut",
        store=True,
        index="btree_not_null",
        help="RUT without dots (12345678-5); empty when the tax number is not a RUT.",
    )

    @api.depends("vat", "commercial_partner_id.country_id", "l10n_latam_identification_type_id")
    def _compute_smarter_rut(self):
        for partner in self:
            try:
                rut = Rut.parse(partner.vat) if partner._smarter_has_rut() else None
            except InvalidRut:
                rut = None
            partner.smarter_rut = rut and rut.plain

    def _compute_same_vat_partner_id(self):
        super()._compute_same_vat_partner_id()
        for partner in self:
            if partner.vat == ANONYMOUS_RUT:
                partner.same_vat_partner_id = False

    def _smarter_has_rut(self):
        """Say whether the tax number of this contact is meant to be a RUT."""
        self.ensure_one()
        if not self.vat:
            return False
        if self.l10n_latam_identification_type_id in self._smarter_rut_types():
            return True
        country = self.commercial_partner_id.country_id
        return country.code == "CL" if country else self._smarter_written_as_rut(self.vat)

    @api.model
    def _smarter_rut_types(self):
        """Return the types of identification RUT and RUN (of people)."""
        return self.env["l10n_latam.identification.type"].browse(
            [self._smarter_id("l10n_cl.it_RUT"), self._smarter_id("l10n_cl.it_RUN")]
        )

    @api.model
    def _smarter_chile(self):
        return self.env["res.country"].browse(self._smarter_id("base.cl"))

    @api.model
    def _smarter_id(self, xmlid):
        # From memory: env.ref() asks the database each time, and every write of a RUT comes here.
        return self.env["ir.model.data"]._xmlid_to_res_id(xmlid, raise_if_not_found=True)

    @api.model
    def _smarter_written_as_rut(self, text):
        return _WRITTEN_AS_RUT.fullmatch(text or "") is not None

    # -- hooks of base_vat and l10n_latam_base -------------------------------------------------

    @api.model
    def check_vat_cl(self, vat):
        """Answer ``base_vat``, which finds this method by its name."""
        return Rut.is_valid(vat)

    @api.model
    def format_vat_cl(self, vat):
        """Give the stored form; what is no RUT stays as typed, for the check to refuse."""
        try:
            return Rut.parse(vat).plain
        except InvalidRut:
            return vat

    def _check_vat(self, validation="error"):
        types = self._smarter_rut_types()
        ruts = self.filtered(
            lambda partner: (
                partner.l10n_latam_identification_type_id in types
                and partner.commercial_partner_id.country_id.code in (False, "CL")
            )
        )
        super(ResPartner, self - ruts)._check_vat(validation=validation)
        chile = self._smarter_chile()
        for partner in ruts:
            vat, _country = self._run_vat_checks(chile, partner.vat, partner.name, validation)
            if vat != partner.vat:
                partner.vat = vat

    @api.model
    def _run_vat_checks(self, country, vat, partner_name="", validation="error"):
        if not country and self._smarter_written_as_rut(vat):
            country = self._smarter_chile()
        return super()._run_vat_checks(country, vat, partner_name, validation)

    @api.model
    def _build_vat_error_message(self, country_code, wrong_vat, record_label):
        if (country_code or "").upper() == "CL":
            try:
                Rut.parse(wrong_vat)
            except InvalidRut as error:
                return self._smarter_rut_error(error.reason, wrong_vat, record_label)
        return super()._build_vat_error_message(country_code, wrong_vat, record_label)

    @api.model
    def _smarter_rut_error(self, reason, text, label):
        """Say what is wrong with a RUT, where, and what to do."""
        reasons = {
            "empty": self.env._("It is empty."),
            "format": self.env._("It must have digits, a hyphen and the check digit."),
            "check_digit": self.env._("The check digit does not match the number."),
            "range": self.env._("The number must be between 1 and 99,999,999."),
        }
        return self.env._(
            "The RUT '%(rut)s' of %(record)s is not valid. %(reason)s Write it as 12.345.678-5; "
            "if it is a foreign tax number, choose its country and type of identification.",
            rut=text[:40],
            record=label,
            reason=reasons[reason],
        )

    # -- partners of companies -----------------------------------------------------------------

    @api.constrains("vat", "country_id", "l10n_latam_identification_type_id")
    def _constrain_smarter_company_rut(self):
        self._smarter_companies()._check_smarter_rut()

    def _smarter_companies(self):
        """Return the companies these partners are, archived ones too; nearly always none."""
        companies_sudo = self.env["res.company"].sudo()  # the rule holds for all who share a RUT
        by_partner = companies_sudo._smarter_by_partner()
        ids = [by_partner[partner_id] for partner_id in self.ids if partner_id in by_partner]
        return companies_sudo.browse(ids)

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._smarter_with_rut_type(vals) for vals in vals_list])

    @api.model
    def _smarter_with_rut_type(self, vals):
        """Call a RUT a RUT: what comes over RPC or from a file names no type of identification,
        and Odoo's default is a tax number of any country."""
        vat = vals.get("vat")
        if not vat or "l10n_latam_identification_type_id" in vals or not Rut.is_valid(vat):
            return vals
        if not self._smarter_is_of_chile(vals.get("country_id"), vat):
            return vals
        return {**vals, "l10n_latam_identification_type_id": self._smarter_id("l10n_cl.it_RUT")}

    @api.model
    def _smarter_is_of_chile(self, country_id, vat):
        chile = self._smarter_chile()
        if country_id:
            return country_id == chile.id
        here = self.env.company.country_id == chile
        return here and self._smarter_written_as_rut(vat)

    def write(self, vals):
        if not {"vat", "country_id", "l10n_latam_identification_type_id"} & vals.keys():
            return super().write(vals)
        roots = self._smarter_companies().filtered(lambda company: not company.parent_id)
        before = {company: company.smarter_rut for company in roots}
        result = super().write(vals)
        for company, rut in before.items():
            company._check_smarter_rut_change(rut)
        return result
