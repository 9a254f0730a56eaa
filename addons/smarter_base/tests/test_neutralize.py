from odoo.tests import tagged
from odoo.tools import file_open

from .common import SmarterCase

EXTERNAL_IDS = (
    "clerk_org_id",
    "chatwoot_account_id",
    "n8n_project_id",
    "metabase_collection_id",
    "botpress_workspace_id",
)


@tagged("post_install", "-at_install")
class TestNeutralize(SmarterCase):
    def test_a_neutralised_copy_forgets_the_systems_outside(self):
        self.tenant.write(dict.fromkeys(EXTERNAL_IDS, "live"))
        self.env.flush_all()
        with file_open("smarter_base/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertRecordValues(self.tenant, [dict.fromkeys(EXTERNAL_IDS, False)])
        self.assertEqual(self.tenant.rut, self.tenant_rut)

    def test_every_external_identifier_is_in_the_list(self):
        names = [name for name in self.tenant._fields if name.endswith("_id")]
        known = {name for name in names if name.startswith(("message_", "activity_"))}
        self.assertEqual(sorted(set(names) - known), sorted(EXTERNAL_IDS))
