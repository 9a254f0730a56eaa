# Runs in Odoo's shell on the database of stock modules: a Chilean company in Chilean Spanish.
# ruff: noqa: F821  (env comes from the shell)
company = env.ref("base.main_company")
if company.chart_template != "cl":
    env["account.chart.template"].try_loading("cl", company)
if company.chart_template != "cl" or company.currency_id.name != "CLP":
    raise SystemExit("the Chilean chart of accounts did not load")
for field, value in (("lang", "es_CL"), ("tz", "America/Santiago")):
    env["ir.default"].set("res.partner", field, value)
    env["res.users"].with_context(active_test=False).search([]).partner_id.write({field: value})
company.partner_id.lang = "es_CL"
env["ir.qweb"]._pregenerate_assets_bundles()
env.cr.commit()
