from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache


class ResCompany(models.Model):
    """RUT of a company: a root company has its own, a branch has its root's."""

    _inherit = "res.company"

    smarter_rut = fields.Char(
        "RUT",
        compute="_compute_smarter_rut",
        store=True,
        recursive=True,
        help="RUT without dots (12345678-5), from the tax number; a branch has its root's.",
    )
    smarter_comuna_id = fields.Many2one(
        "smarter.comuna",
        "Comuna",
        compute="_compute_address",
        inverse="_inverse_smarter_comuna_id",
        domain="[('state_id', '=?', state_id)]",
    )

    _smarter_rut_uniq = models.UniqueIndex(
        "(smarter_rut) WHERE parent_id IS NULL",
        "Another company of this database already has this RUT.",
    )

    def _get_company_address_field_names(self):
        return super()._get_company_address_field_names() + ["smarter_comuna_id"]

    def _inverse_smarter_comuna_id(self):
        for company in self:
            company.partner_id.smarter_comuna_id = company.smarter_comuna_id

    @api.onchange("smarter_comuna_id")
    def _onchange_smarter_comuna_id(self):
        self.update(self.smarter_comuna_id._address_values())

    @api.depends("parent_id.smarter_rut", "partner_id.smarter_rut")
    def _compute_smarter_rut(self):
        for company in self:
            source = company.parent_id or company.partner_id
            company.smarter_rut = source.smarter_rut

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies.filtered("parent_id").root_id._smarter_share_rut()
        return companies

    def write(self, vals):
        result = super().write(vals)
        if "partner_id" in vals:
            self.env.registry.clear_cache()
        return result

    @api.model
    @ormcache()
    def _smarter_by_partner(self):
        """Map the partner of each company to the company, from memory: every write of a tax
        number asks. Odoo clears the cache when companies are created or deleted."""
        companies_sudo = self.sudo().with_context(active_test=False)
        return {
            company.partner_id.id: company.id
            for company in companies_sudo.search_fetch([], ["partner_id"])
        }

    @api.constrains("partner_id", "parent_id", "active")
    def _constrain_smarter_rut(self):
        self._check_smarter_rut()

    @api.model
    def _with_smarter_rut(self, rut):
        """Return the root company that bears ``rut`` (plain), archived or not."""
        return self.with_context(active_test=False).search(
            [("parent_id", "=", False), ("partner_id.smarter_rut", "=", rut)], limit=1
        )

    def _smarter_share_rut(self):
        """Write the RUT of a Chilean root company on its branches, so that documents show it."""
        for root in self.filtered(lambda company: not company.parent_id and company.smarter_rut):
            owner = root.partner_id
            branches = root.with_context(active_test=False).search(
                [("id", "child_of", root.id), ("id", "!=", root.id)]
            )
            for partner in branches.partner_id - owner:
                if partner.vat != owner.vat:
                    partner.write({"country_id": owner.country_id.id, "vat": owner.vat})

    def _check_smarter_rut(self, required=None):
        """Refuse a missing RUT (Chilean root company of an active tenant), a repeated one, and
        a branch whose RUT is not its root's.

        A tenant that is still being prepared may have companies without RUT: Odoo creates the
        first company before anybody can say whose it is. ``required`` decides instead of the
        tenant's status.
        """
        if required is None:
            required = self.env["smarter.tenant"]._identity().status == "active"
        for company in self.filtered("active"):
            rut = company.partner_id.smarter_rut
            if company.parent_id:
                company._check_smarter_branch(rut)
            elif rut:
                company._check_smarter_unique(rut)
            elif required and company.partner_id.country_id.code == "CL":
                raise ValidationError(
                    self.env._(
                        "The company %(company)s is Chilean and has no RUT. Write it in Settings, "
                        "Companies, %(company)s, as 12.345.678-5.",
                        company=company.name,
                    )
                )

    def _check_smarter_branch(self, rut):
        root_rut = self.root_id.partner_id.smarter_rut
        if rut and root_rut and rut != root_rut:
            raise ValidationError(
                self.env._(
                    "The branch %(branch)s has the RUT %(rut)s, but a branch shares the RUT of "
                    "its company (%(root_rut)s). Leave it empty, or create a company instead of "
                    "a branch.",
                    branch=self.name,
                    rut=rut,
                    root_rut=root_rut,
                )
            )

    def _check_smarter_unique(self, rut):
        # The unique index decides; this only says it in words, before the transaction breaks.
        others_sudo = self.sudo().with_context(active_test=False)  # companies the user cannot see
        twin = others_sudo.search_count(
            [
                ("id", "!=", self.id),
                ("parent_id", "=", False),
                ("partner_id.smarter_rut", "=", rut),
            ],
            limit=1,
        )
        if twin:
            raise ValidationError(
                self.env._(
                    "The RUT %(rut)s of the company %(company)s already belongs to another company "
                    "of this database. Check the number, or use that company.",
                    rut=rut,
                    company=self.name,
                )
            )

    def _has_smarter_posted_moves(self):
        self.ensure_one()
        moves_sudo = self.env["account.move"].sudo()  # a clerk without accounting rights counts too
        return bool(
            moves_sudo.search_count(
                [("company_id", "child_of", self.id), ("state", "=", "posted")], limit=1
            )
        )

    def _check_smarter_rut_change(self, before):
        """Follow a change of the root's RUT from ``before``: not after accounting, not away from
        the tenant's principal RUT, and its branches get it too."""
        if self.smarter_rut == before:
            return
        if before and self._has_smarter_posted_moves():
            raise ValidationError(
                self.env._(
                    "The RUT %(rut)s of the company %(company)s cannot change: there are posted "
                    "accounting entries under it. Create another company for the other RUT.",
                    rut=before,
                    company=self.name,
                )
            )
        self.env["smarter.tenant"]._current().sudo()._check_companies()
        self._smarter_share_rut()

    def _smarter_align_pricelists(self):
        """Bring pricelists without any price to the currency of their company.

        Odoo may make the default one before the chart of accounts says the currency; every order
        would then be in dollars.
        """
        pricelists = self.env["product.pricelist"].with_context(active_test=False)
        for company in self:
            empty = pricelists.search(
                [
                    ("company_id", "=", company.id),
                    ("item_ids", "=", False),
                    ("currency_id", "!=", company.currency_id.id),
                ]
            )
            empty.currency_id = company.currency_id
