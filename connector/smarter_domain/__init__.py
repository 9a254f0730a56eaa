"""The rules of SmarterOS in plain Python: no Odoo, no network, no clock, no environment."""
