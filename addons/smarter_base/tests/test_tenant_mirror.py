from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.modules.registry import Registry
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models.smarter_tenant import MIRRORED
from .common import SmarterCase


@tagged("post_install", "-at_install")
class TestTenantMirror(SmarterCase):
    def mirror(self, **values):
        """Write as the operator's tools do, past the ORM."""
        self.env.flush_all()
        columns = SQL(", ").join(
            SQL("%s = %s", SQL.identifier(name), value) for name, value in values.items()
        )
        self.env.cr.execute(SQL("UPDATE smarter_tenant SET %s", columns))
        self.env.cr.execute("INSERT INTO orm_signaling_stable DEFAULT VALUES")

    def identity(self):
        return self.env["smarter.tenant"]._identity()

    def follow_signals(self):
        """Make the registry compare signals, as when it serves; tests switch that off."""
        registry_sequence, cache_sequences = self.registry.get_sequences(self.env.cr)
        for name, value in (("registry_sequence", registry_sequence),
                            ("cache_sequences", cache_sequences)):  # fmt: skip
            self.startPatcher(patch.object(self.registry, name, value))

    def test_a_running_registry_sees_it_with_the_next_request(self):
        self.follow_signals()
        self.assertEqual(self.identity().status, "active")
        self.mirror(status="suspended", status_reason="Impaga")
        self.assertEqual(self.identity().status, "active", "from memory")
        Registry.check_signaling(self.registry, self.env.cr)
        self.env.invalidate_all()  # the next request is another transaction
        self.assertEqual((self.identity().status, self.identity().status_reason),
                         ("suspended", "Impaga"))  # fmt: skip

    def test_everything_mirrored_is_a_column(self):
        for name in MIRRORED:
            self.assertTrue(self.tenant._fields[name].column_type, name)

    def test_a_process_that_is_not_told_goes_on_as_before(self):
        self.follow_signals()
        self.identity()
        self.env.cr.execute("UPDATE smarter_tenant SET status = 'suspended'")
        Registry.check_signaling(self.registry, self.env.cr)
        self.env.invalidate_all()
        self.assertEqual(self.identity().status, "active")

    @mute_logger("odoo.sql_db")
    def test_what_the_database_refuses_changes_nothing(self):
        for values in ({"rut": "12.345.678-5"}, {"slug": "Con Espacio"}):
            with self.assertRaises(IntegrityError), self.cr.savepoint():
                self.mirror(**values)
