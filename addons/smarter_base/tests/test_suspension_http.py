import json
import re
from xmlrpc.client import Fault

from odoo import http
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import SmarterCase

REASON = "Factura de octubre impaga"
NOTICE_IS_THERE = """
    const text = document.querySelector(".o_smarter_notice").textContent;
    const visible = document.querySelector(".o_main_navbar").getBoundingClientRect().bottom > 0;
    if (!text.includes("%s") || !visible) { throw new Error(text); }
    console.log("test successful");
"""


@tagged("post_install", "-at_install")
class TestSuspensionHttp(SmarterCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = new_test_user(
            cls.env,
            "vendedora",
            "base.group_user,base.group_partner_manager,base.group_allow_export,"
            "smarter_base.group_member",
            password="una-clave-larga",
        )
        cls.portal = new_test_user(
            cls.env, "cliente", "base.group_portal", password="una-clave-larga"
        )
        cls.customer = cls.env["res.partner"].create({"name": "Cliente de ayer"})
        cls.tenant.write({"status": "suspended", "status_reason": REASON})

    def log_in(self, user):
        self.authenticate(user.login, "una-clave-larga")

    def call(self, model, method, *args, **kwargs):
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        answer = self.url_open("/web/dataset/call_kw", json={"params": params}).json()
        return answer.get("result", answer.get("error", {}).get("data", {}).get("message"))

    def test_the_web_client_says_why(self):
        self.browser_js(
            "/odoo", NOTICE_IS_THERE % REASON,
            "!!document.querySelector('.o_smarter_notice')", login="vendedora",
            timeout=60,
        )  # fmt: skip

    def test_people_log_in_read_and_are_refused_a_change(self):
        self.log_in(self.clerk)
        found = self.call("res.partner", "read", self.customer.ids, ["name"])
        self.assertEqual(found[0]["name"], "Cliente de ayer")
        refusal = self.call("res.partner", "web_save", self.customer.ids, {"name": "Otro"},
                            specification={})  # fmt: skip
        self.assertIn(REASON, refusal)

    def test_people_export_their_data(self):
        self.log_in(self.clerk)
        fields = [{"name": "name", "label": "Nombre", "type": "char"}]
        asked = {"model": "res.partner", "fields": fields, "ids": self.customer.ids,
                 "domain": [], "import_compat": False}  # fmt: skip
        answer = self.url_open(
            "/web/export/csv",
            data={"data": json.dumps(asked), "csrf_token": self.csrf_token()},
        )
        self.assertIn("Cliente de ayer", answer.text)

    def test_people_print_their_documents(self):
        action = self.env["ir.actions.report"].create(
            {"name": "Ficha", "model": "res.partner", "report_name": "smarter_base.test_ficha"}
        )
        self.env["ir.ui.view"].create(
            {"name": "Ficha", "type": "qweb", "key": action.report_name,
             "arch": '<t t-foreach="docs" t-as="doc"><p t-field="doc.name"/></t>'}
        )  # fmt: skip
        self.log_in(self.clerk)
        answer = self.url_open(f"/report/html/{action.report_name}/{self.customer.id}")
        self.assertIn("Cliente de ayer", answer.text)

    @mute_logger("odoo.http")
    def test_rpc_reads_and_does_not_write(self):
        def execute(method, *args):
            return self.xmlrpc_object.execute_kw(
                self.env.cr.dbname, self.clerk.id, "una-clave-larga", "res.partner", method, args
            )

        self.assertEqual(execute("search_count", [("id", "=", self.customer.id)]), 1)
        with self.assertRaisesRegex(Fault, REASON):
            execute("create", {"name": "Por RPC"})

    @mute_logger("odoo.http")
    def test_rpc_touches_no_document_with_all_rights_either(self):
        administrator = new_test_user(
            self.env, "jefa", "base.group_system", password="una-clave-larga"
        )
        action = self.env["ir.actions.server"].create(
            {"name": "Asiento", "model_id": self.env.ref("account.model_account_move").id,
             "state": "code", "code": "model.sudo().create({'move_type': 'entry'})"}
        )  # fmt: skip
        with self.assertRaisesRegex(Fault, REASON):
            self.xmlrpc_object.execute_kw(
                self.env.cr.dbname, administrator.id, "una-clave-larga",
                "ir.actions.server", "run", [action.ids],
            )  # fmt: skip

    def test_a_portal_user_reads(self):
        self.log_in(self.portal)
        self.assertEqual(self.url_open("/my/home").status_code, 200)

    @mute_logger("odoo.http")
    def test_a_portal_user_changes_nothing_and_is_not_told_why(self):
        self.log_in(self.portal)
        answer = self.url_open(
            "/my/address/submit", data={"name": "Otro", "csrf_token": self.csrf_token()}
        )
        self.assertEqual(answer.status_code, 403)
        self.assertNotIn(REASON, answer.text)
        self.assertEqual(self.portal.name, "cliente (base.group_portal)")

    @mute_logger("odoo.http")
    def test_a_visitor_may_still_mend_a_password(self):
        answer = self.url_open("/web/login", data={"login": "vendedora", "password": "no"})
        self.assertNotEqual(answer.status_code, 403)

    def test_sessions_end_when_the_tenant_is_deleted(self):
        self.log_in(self.clerk)
        self.tenant.status = "deleted"
        answer = self.url_open("/odoo", allow_redirects=False)
        self.assertEqual(answer.status_code, 303)
        self.assertIn("/web/login", answer.headers["Location"])

    def test_nothing_is_said_of_an_active_tenant(self):
        self.tenant.status = "active"
        self.log_in(self.clerk)
        page = self.url_open("/odoo").text
        [notice] = re.findall(r'"smarter_notice": ([^,}]+)', page)
        self.assertEqual(notice, "false")

    def csrf_token(self):
        return http.Request.csrf_token(self)
