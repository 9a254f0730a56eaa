import re
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import ormcache

from smarter_domain.rut import InvalidRut, Rut

MAIN_TENANT = "tenant"

# Identity and contract of the database, a mirror of the registry of tenants. The operator's tools
# write these columns by SQL; a row in orm_signaling_stable then makes every process forget what it
# remembers of them.
MIRRORED = ("rut", "slug", "plan", "status", "status_reason")

# Who may log in: for administrators of the system.
ADMINISTRATED = ("clerk_org_id",)

SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


class TenantIdentity(NamedTuple):
    """What every event needs of the tenant, readable without a query. ``rut`` is plain."""

    id: int
    rut: str | None
    name: str
    slug: str
    plan: str
    status: str
    status_reason: str | None = None


class SmarterTenant(models.Model):
    """The tenant this database belongs to: exactly one record, which cannot be deleted.

    It is born ``provisioning`` and without RUT when the module is installed. Every other
    status demands a RUT, and ``active`` demands that a company of this database bears it.
    """

    _name = "smarter.tenant"
    _description = "Tenant"
    _inherit = ["mail.thread"]

    name = fields.Char(required=True, tracking=True)
    rut = fields.Char(
        "RUT", copy=False, tracking=True, help="Principal RUT of the tenant, as 12345678-5."
    )
    slug = fields.Char(
        "Short name",
        required=True,
        tracking=True,
        help="Short name in addresses: lower-case letters, digits and hyphens.",
    )
    plan = fields.Selection(
        [
            ("free", "Free"),
            ("starter", "Starter"),
            ("business", "Business"),
            ("enterprise", "Enterprise"),
        ],
        required=True,
        default="free",
        tracking=True,
    )
    status = fields.Selection(
        [
            ("provisioning", "Being prepared"),
            ("active", "Active"),
            ("suspended", "Suspended"),
            ("deleted", "Deleted"),
        ],
        required=True,
        default="provisioning",
        tracking=True,
    )
    status_reason = fields.Char(
        "Reason",
        copy=False,
        tracking=True,
        help="Why the tenant is suspended, as its people see it.",
    )
    clerk_org_id = fields.Char("Clerk organization", copy=False)
    chatwoot_account_id = fields.Char("Chatwoot account", copy=False)
    n8n_project_id = fields.Char("n8n project", copy=False)
    metabase_collection_id = fields.Char("Metabase collection", copy=False)
    botpress_workspace_id = fields.Char("Botpress workspace", copy=False)
    can_administrate = fields.Boolean(compute="_compute_can_administrate")

    _one_per_database = models.UniqueIndex(
        "((true))", "This database already has its tenant: change that record instead."
    )
    _rut_uniq = models.Constraint("UNIQUE (rut)", "This RUT is already used by a tenant.")
    _slug_uniq = models.Constraint("UNIQUE (slug)", "This short name is already used.")
    _rut_plain = models.Constraint(
        "CHECK (rut ~ '^[1-9][0-9]{0,7}-[0-9K]$')", "The RUT must be written as 12345678-5."
    )
    _rut_required = models.Constraint(
        "CHECK (status = 'provisioning' OR rut IS NOT NULL)",
        "A tenant needs its RUT before it leaves the status 'Being prepared'.",
    )
    _slug_format = models.Constraint(
        "CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')",
        "The short name may have lower-case letters, digits and hyphens only.",
    )

    @api.depends_context("uid")
    def _compute_can_administrate(self):
        self.can_administrate = self.env.su or self.env.user.has_group("base.group_system")

    @api.model
    def _current(self):
        """Return the tenant of this database; who reads it needs the role of viewer."""
        return self.browse(self._identity().id)

    @api.model
    @ormcache()
    def _identity(self):
        """Return the :class:`TenantIdentity` of this database, from memory.

        Any code may ask, whatever its user's rights: these values stand in every event.
        """
        tenant_sudo = self.sudo().search([], limit=1)  # identity is no secret within the database
        if not tenant_sudo:
            raise UserError(
                self.env._("The tenant record is missing: update the module SmarterOS Base.")
            )
        values = (tenant_sudo[name] or None for name in TenantIdentity._fields)
        return TenantIdentity(*values)

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._normalised(vals) for vals in vals_list]
        tenants = super().create(vals_list)
        self.env.registry.clear_cache()
        return tenants

    def write(self, vals):
        self._check_may_write(vals)
        result = super().write(self._normalised(vals))
        self.env.registry.clear_cache()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("The tenant cannot be deleted. Set its status to 'Deleted' instead.")
        )

    def _check_may_write(self, vals):
        if self.env.su:
            return
        if mirrored := [name for name in MIRRORED if name in vals]:
            raise AccessError(
                self.env._(
                    "Odoo only shows %(fields)s of the tenant; nobody changes it here. Ask "
                    "SmarterOS support for it; the operator does it with scripts/tenant.",
                    fields=self._labels(mirrored),
                )
            )
        touched = [name for name in ADMINISTRATED if name in vals]
        if touched and not self.env.user.has_group("base.group_system"):
            raise AccessError(
                self.env._(
                    "Only an administrator of the system may change %(fields)s of the tenant. "
                    "Ask for it at SmarterOS support.",
                    fields=self._labels(touched),
                )
            )

    def _labels(self, names):
        return ", ".join(self._fields[name]._description_string(self.env) for name in names)

    def _normalised(self, vals):
        """Store the RUT plain and the short name in lower case; refuse what is neither."""
        vals = dict(vals)
        if vals.get("rut"):
            vals["rut"] = self._plain_rut(vals["rut"])
        elif "rut" in vals:
            vals["rut"] = False
        if vals.get("slug"):
            vals["slug"] = self._valid_slug(vals["slug"])
        return vals

    def _plain_rut(self, text):
        try:
            return Rut.parse(text).plain
        except InvalidRut as error:
            message = self.env["res.partner"]._smarter_rut_error(
                error.reason, text, self.env._("the tenant")
            )
            raise ValidationError(message) from error

    def _valid_slug(self, text):
        slug = text.strip().lower()
        if SLUG.fullmatch(slug) is None:
            raise ValidationError(
                self.env._(
                    "The short name '%(slug)s' of the tenant is not valid. Use up to 63 lower-case "
                    "letters, digits and hyphens, starting and ending with a letter or digit.",
                    slug=text[:80],
                )
            )
        return slug

    @api.constrains("rut", "status")
    def _check_companies(self):
        """An active tenant has RUTs in place: on its principal company and on all the others."""
        for tenant in self.filtered(lambda tenant: tenant.status == "active"):
            companies_sudo = self.env["res.company"].sudo()  # also companies the user cannot see
            companies_sudo.search([("parent_id", "=", False)])._check_smarter_rut(required=True)
            if not companies_sudo._with_smarter_rut(tenant.rut):
                raise ValidationError(
                    self.env._(
                        "No company of this database has the RUT %(rut)s of the tenant. Write it "
                        "on the company (Settings, Companies) and then activate the tenant.",
                        rut=tenant.rut,
                    )
                )

    def _adopt_company(self, company):
        """Take name and, if it has one, RUT of ``company`` while nothing is decided yet."""
        self.ensure_one()
        if self.status == "provisioning" and not self.rut:
            self.write({"name": company.name, "rut": company.smarter_rut})

    @api.model
    def _provision(self, rut, name, slug, plan="free"):
        """Make this database the active tenant of ``rut`` (any format) and return the record.

        The main company gets the name and the RUT, and becomes Chilean. Running it again with
        the same values changes nothing. For provisioning, with all rights.
        """
        company = self.env.ref("base.main_company")
        company.write({"name": name, "country_id": self.env.ref("base.cl").id})
        company.vat = self._plain_rut(rut)
        tenant = self._current()
        if tenant.status == "provisioning":
            company._smarter_align_pricelists()
        tenant.write({"rut": rut, "name": name, "slug": slug, "plan": plan, "status": "active"})
        return tenant
