"""The daemon that carries business events from the outbox of Odoo to the systems that wait for them."""
