"""The addon loaded by a server that has no registry."""

from __future__ import annotations

import subprocess
import sys

import pytest

from devkit import odoo_process, odoo_source, paths, templates
from devkit.odoo_process import Runtime

pytestmark = pytest.mark.odoo

SCRIPT = """
import odoo
from odoo import http, sql_db
from odoo.modules.module import initialize_sys_path, load_openerp_module
from odoo.service import db, model, server
from odoo.tools import config
from odoo.addons.base.models.res_users import ResUsers

config.parse_config(["--load=base,rpc,web,smarter_server"])
initialize_sys_path()
def places():
    return (
        http.Application.__call__, http.db_filter, http.db_list, http.serialize_exception,
        db.dispatch, db.list_dbs, model.dispatch, server.cron_database_list,
        sql_db.Connection.cursor, ResUsers._assert_can_auth, ResUsers._check_uid_passwd,
    )
before = places()
load_openerp_module("smarter_server")
print("same" if places() == before else "changed")
"""


def loaded(pg_cluster, **settings: str) -> str:
    home = paths.open_home()
    runtime = Runtime(home, odoo_source.ensure(home), pg_cluster)
    odoo_process.write_config(runtime)
    environment = odoo_process.environment(runtime) | settings
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_without_a_registry_nothing_of_odoo_is_replaced(pg_cluster):
    assert loaded(pg_cluster) == "same"


def test_with_one_it_is(pg_cluster, tmp_path):
    place = str(tmp_path / "registry.dsn")
    assert loaded(pg_cluster, SMARTEROS_REGISTRY_DSN_FILE=place) == "changed"


def test_no_template_and_no_tenant_installs_it():
    assert "smarter_server" not in templates.our_addons()
