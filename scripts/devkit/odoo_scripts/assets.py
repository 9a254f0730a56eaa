# Runs in Odoo's shell once our addons are installed: a browser test must not wait for stylesheets.
# ruff: noqa: F821  (env comes from the shell)
if "smarter.tenant" in env:
    env["smarter.tenant"]._grant_apps_to_owners()
env["ir.qweb"]._pregenerate_assets_bundles()
env.cr.commit()
