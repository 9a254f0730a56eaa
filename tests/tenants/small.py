"""A template without Odoo: the tables that the reset needs and next to nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from devkit.server import Server
from smarter_connector.registry import install
from smarter_connector.tenants import templates
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.platform_settings import PlatformSettings
from smarter_domain.outbox import install_statements

RELEASE = "1.0"
MODULES = ("smarter_base", "smarter_events")
REGISTRY = "registry_small"
FAKE_ODOO = Path(__file__).with_name("fake_odoo.py")

TABLES = """
CREATE TABLE ir_config_parameter (id serial PRIMARY KEY, key text UNIQUE, value text,
    create_uid int, write_uid int, create_date timestamp, write_date timestamp);
CREATE TABLE ir_model_data (module text, name text, model text, res_id int);
CREATE TABLE ir_module_module (id serial PRIMARY KEY, name text, state text, author text,
    license text, latest_version text);
CREATE TABLE ir_attachment (id serial PRIMARY KEY, store_fname text, access_token text);
CREATE TABLE ir_cron (id serial PRIMARY KEY, active boolean, nextcall timestamp);
CREATE TABLE res_country (id serial PRIMARY KEY, code text);
CREATE TABLE res_partner (id serial PRIMARY KEY, name text, complete_name text, vat text,
    email text, country_id int, signup_type text);
CREATE TABLE res_company (id serial PRIMARY KEY, name text, partner_id int, currency_id int);
CREATE TABLE res_users (id serial PRIMARY KEY, login text UNIQUE, password text, partner_id int,
    active boolean);
CREATE TABLE res_users_log (id serial PRIMARY KEY, create_uid int, create_date timestamp);
CREATE TABLE smarter_tenant (id serial PRIMARY KEY, rut text, name text, slug text, plan text,
    status text, status_reason text, clerk_org_id text);
CREATE TABLE orm_signaling_stable (id serial PRIMARY KEY, date timestamp DEFAULT now());
INSERT INTO ir_config_parameter (key, value) VALUES ('database.uuid', 'of-the-template'),
    ('database.secret', 'secret-of-the-template'), ('web.base.url', 'http://localhost:8069');
INSERT INTO ir_model_data VALUES ('base', 'main_company', 'res.company', 1),
    ('base', 'user_admin', 'res.users', 2);
INSERT INTO ir_module_module (name, state, author, license) VALUES
    ('base', 'installed', 'Odoo S.A.', 'LGPL-3'), ('crm', 'uninstalled', 'Odoo S.A.', 'LGPL-3'),
    ('account_reports', 'uninstalled', 'Odoo S.A.', 'OEEL-1'),
    ('stranger', 'uninstalled', 'Somebody', 'LGPL-3'),
    ('smarter_base', 'installed', 'SmarterOS', 'LGPL-3'),
    ('smarter_events', 'installed', 'SmarterOS', 'LGPL-3');
INSERT INTO ir_attachment (store_fname, access_token) VALUES ('ab/abcd', 'token-of-the-template');
INSERT INTO ir_cron (active, nextcall) VALUES (true, now() AT TIME ZONE 'utc' + interval '1 hour');
INSERT INTO res_country (code) VALUES ('CL');
INSERT INTO res_partner (name, country_id) VALUES ('My Company', 1), ('Administrator', 1);
INSERT INTO res_company (name, partner_id) VALUES ('My Company', 1);
INSERT INTO res_users (id, login, password, partner_id, active)
    VALUES (2, 'admin', 'admin', 2, true);
INSERT INTO smarter_tenant (name, slug, plan, status)
    VALUES ('My Company', 'smarteros', 'free', 'provisioning');
INSERT INTO orm_signaling_stable DEFAULT VALUES;
"""


def settings(server: Server, folder: Path) -> PlatformSettings:
    """The operator's settings for this server; Odoo is a fake, see fake_odoo.py."""
    secret = folder / "admin.password"
    secret.write_text(server.admin.password)
    command = (sys.executable, str(FAKE_ODOO))
    return PlatformSettings(
        pg_host=server.admin.host, pg_port=int(server.admin.port),
        pg_admin_user=server.admin.user, pg_admin_password_file=secret,
        pg_bin_dir=server.bin_dir, registry_database=REGISTRY, data_dir=folder / "data",
        odoo_command=command, odoo_env=server.odoo.environment(),
        module_set="small", modules=MODULES, release=RELEASE, domain="example.cl", testing=True,
    )  # fmt: skip


@contextmanager
def platform(server: Server, folder: Path) -> Iterator[Platform]:
    """A registry with one release and one template on a server of the test's own."""
    found = Platform(settings(server, folder), actor="tests")
    install(found.admin, database=REGISTRY)
    digests = {name: {"version": "19.0.1.0.0", "digest": f"d-{name}"} for name in MODULES}
    digests["smarter_extra"] = {"version": "19.0.1.0.0", "digest": "d-extra"}
    place = folder / "release"
    (place / "addons").mkdir(parents=True)
    found.registry.add_release(RELEASE, str(place), odoo_build="build-1", modules=digests)
    make_template(found, server)
    yield found


def make_template(platform: Platform, server: Server) -> str:
    name = templates.recipe(platform).database
    draft = "draft_small"
    with platform.admin() as admin:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' OWNER {}")
        names = sql.Identifier(draft), sql.Identifier(server.odoo.user)
        admin.execute(statement.format(*names))
    with server.odoo.connect(draft) as connection:
        connection.execute(TABLES)
        for script in install_statements():
            connection.execute(script)
    files = platform.filestore(draft) / "ab"
    files.mkdir(parents=True)
    (files / "abcd").write_bytes(b"a stored file")
    platform.databases.rename(draft, name)
    templates.register(platform, name)
    return name


def routes(platform: Platform, server: Server) -> set[tuple[str, str]]:
    """(host, database) as Odoo's role reads them."""
    with server.odoo.connect(platform.settings.registry_database) as connection:
        return set(connection.execute("SELECT host, database FROM routing.route").fetchall())


def empty(platform: Platform) -> None:
    """Drop what a test made of tenants."""
    for name in platform.databases.names():
        if name.startswith(("t_", "s_", "new_", "pre_", "del_", "scratch_")):
            platform.databases.drop(name)
    with platform.admin(REGISTRY) as admin:
        admin.execute("TRUNCATE registry.tenant, registry.host, registry.operation CASCADE")


def parameters(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT key, value FROM ir_config_parameter").fetchall())
