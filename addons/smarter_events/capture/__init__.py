"""How changes of records become rows of the outbox, inside the transaction that makes them.

``watch`` says what is looked at, ``memory`` notes what is touched, ``observe`` compares it with the
database when Odoo flushes, ``documents`` builds the payloads and ``outbox`` stores them.
"""
