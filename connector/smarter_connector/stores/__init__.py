"""Stores: the outbox of one tenant, in memory, in PostgreSQL, or behind Odoo's RPC."""
