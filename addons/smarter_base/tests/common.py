from odoo.tests import TransactionCase, new_test_user

from smarter_domain.rut import Rut


def rut(number):
    """Give an example RUT (plain) with its right check digit."""
    return Rut.from_number(number).plain


class SmarterCase(TransactionCase):
    """A tenant with its main company, and one user for each role."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env["base"].with_context(tracking_disable=True).env
        cls.chile = cls.env.ref("base.cl")
        cls.tenant_rut = rut(77654321)
        cls.tenant = cls.env["smarter.tenant"]._provision(
            cls.tenant_rut, "Comercial Ejemplo SpA", "ejemplo", "enterprise"
        )
        cls.company = cls.env.ref("base.main_company")

    @classmethod
    def user(cls, *groups):
        """Create an internal user of the main company with the groups named."""
        groups = ",".join(("base.group_user", *groups))
        everybody = cls.env["res.users"].with_context(active_test=False)
        login = f"user{everybody.search_count([])}"
        return new_test_user(cls.env, login, groups, company_id=cls.company.id)

    def post_entry(self, company):
        """Post a small journal entry, with accounts of its own: no chart is needed."""
        env = self.env(context={**self.env.context, "allowed_company_ids": company.ids})
        journal = env["account.journal"].create(
            {"name": "Prueba", "code": "PRB", "type": "general", "company_id": company.id}
        )
        account = env["account.account"].create(
            {"name": "Prueba", "code": "998877", "account_type": "asset_current"}
        )
        lines = [{"account_id": account.id, "debit": 10}, {"account_id": account.id, "credit": 10}]
        move = env["account.move"].create(
            {"journal_id": journal.id, "line_ids": [(0, 0, line) for line in lines]}
        )
        move.action_post()
        return move
