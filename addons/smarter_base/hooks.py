"""Chile by default: language, currency, time zone, country and chart of accounts."""

from .models.smarter_tenant import MAIN_TENANT

LANG = "es_CL"
TIMEZONE = "America/Santiago"


def post_init_hook(env):
    """Set the defaults once, at installation; what people change later stays changed."""
    set_defaults(env)
    close_to_strangers(env)
    # Drawn for the name it has now; without one Odoo draws it for whoever gets the account.
    env.ref("smarter_base.user_owner").image_1920 = False
    company = env.ref("base.main_company")
    if _has_no_country_of_its_own(company):
        _make_chilean(env, company)
    tenant = env.ref(f"smarter_base.{MAIN_TENANT}")
    tenant._adopt_company(company)


def set_defaults(env):
    """Make es_CL, CLP and Santiago's time the default. Running it again changes nothing."""
    _activate_language(env)
    env.ref("base.CLP").active = True
    defaults = env["ir.default"]
    defaults.set("res.partner", "lang", LANG)
    defaults.set("res.partner", "tz", TIMEZONE)
    partners = env["res.company"].search([]).partner_id | env["res.users"].search([]).partner_id
    partners |= env.ref("base.public_user").partner_id
    partners |= env.ref("smarter_base.user_owner").partner_id
    partners.filtered(lambda partner: partner.lang in (False, "en_US")).lang = LANG
    partners.filtered(lambda partner: not partner.tz).tz = TIMEZONE


def close_to_strangers(env):
    """Let in only whom somebody invited: Odoo's own default lets anybody make an account."""
    env["ir.config_parameter"].set_param("auth_signup.invitation_scope", "b2b")


def _activate_language(env):
    lang = env["res.lang"].with_context(active_test=False).search([("code", "=", LANG)])
    if lang.active:
        return
    lang.active = True
    installed = env["ir.module.module"].search([("state", "in", ("installed", "to install"))])
    installed._update_translations([LANG])


def _has_no_country_of_its_own(company):
    """Odoo's generic chart of accounts makes a new company a US one; that is nobody's choice."""
    untouched = not company.country_id or company.chart_template == "generic_coa"
    return untouched and not company._existing_accounting()


def _make_chilean(env, company):
    company.country_id = env.ref("base.cl")
    company.currency_id = env.ref("base.CLP")

    def load_chart(env):
        env["account.chart.template"].try_loading("cl", env.ref("base.main_company"))

    # A chart needs the complete registry: `account` loads it at the end of the start-up.
    env.registry._auto_install_template = load_chart
