"""Tenants: made, listed, suspended, upgraded, backed up, deleted; all by the registry."""
