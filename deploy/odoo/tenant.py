# Runs in Odoo's shell on a new tenant database: its identity, and a password only its owner has.
# ruff: noqa: F821  (env comes from the shell)
import os
from pathlib import Path

password = Path("/run/secrets/tenant_owner_password").read_text().strip()
if len(password) < 16:
    raise SystemExit("smarteros: the secret tenant_owner_password has fewer than 16 characters")
# Nothing that identifies or opens another database may open this one.
env["ir.config_parameter"].init(force=True)
env["smarter.tenant"]._provision(
    os.environ["TENANT_RUT"],
    os.environ["TENANT_NAME"],
    os.environ["TENANT_SLUG"],
    plan=os.environ["TENANT_PLAN"],
)
admin = env.ref("base.user_admin")
admin.password = password
admin.group_ids |= env.ref("smarter_base.group_owner")
uuid = env["ir.config_parameter"].get_param("database.uuid")
env.cr.commit()
print(f"""
For deploy/tenants.toml:

[[tenants]]
database = "{env.cr.dbname.replace("new_", "t_", 1)}"
uuid = "{uuid}"
rut = "{env["smarter.tenant"]._current().rut}"
""")
