"""The daemon that carries business events from Odoo's outbox to the systems that wait for them."""
