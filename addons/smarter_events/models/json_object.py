from odoo import fields


class JsonObject(fields.Json):
    """A JSON object that is never null: Odoo's own field turns ``{}`` into NULL."""

    def convert_to_cache(self, value, record, validate=True):
        return super().convert_to_cache(value, record, validate) or {}
