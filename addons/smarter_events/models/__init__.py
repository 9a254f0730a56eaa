from . import (
    base,
    res_company,
    smarter_backfill,
    smarter_delivery,
    smarter_event,
    smarter_event_type,
    smarter_outbox,
    smarter_subscription,
    smarter_tenant,
)
