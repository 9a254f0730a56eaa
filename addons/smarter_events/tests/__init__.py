from . import (
    test_delivery,
    test_event_type,
    test_neutralize,
    test_outbox_state,
    test_security,
    test_subscription,
    test_subscription_key,
    test_types_account,
    test_types_other,
    test_types_sale,
    test_types_stock,
)
