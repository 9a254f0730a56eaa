from . import (
    test_delivery,
    test_event_type,
    test_neutralize,
    test_outbox_state,
    test_security,
    test_subscription,
    test_subscription_key,
)
