-- A copy for tests must not send anything, nor sign as the original.
DELETE FROM smarter_subscription_key;
UPDATE smarter_outbox_state
   SET held = true,
       held_reason = 'This database was neutralized: it is a copy for tests.';
UPDATE smarter_subscription
   SET active = false,
       disabled_reason = 'This database was neutralized: it is a copy for tests.',
       disabled_at = now() AT TIME ZONE 'utc'
 WHERE active;
