-- Tables of the outbox: the meeting point of Odoo (which fills it inside the business transaction)
-- and the connector (which empties it through protocol.sql). Idempotent: run at install and upgrade.
--
-- A user's transaction only ever INSERTs rows of its own here. It never touches a row the connector
-- may touch: Odoo runs in REPEATABLE READ and would otherwise fail with a serialization error.
-- For the same reason there is no foreign key to smarter_subscription.
-- Timestamps are UTC without zone, as everywhere in Odoo.

CREATE TABLE IF NOT EXISTS smarter_outbox_state (
    id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    epoch integer NOT NULL DEFAULT 1,           -- raised by a restore; first half of an event's version
    held boolean NOT NULL DEFAULT false,        -- nothing is handed out while true
    held_reason text,
    tenant_rut text NOT NULL DEFAULT '',
    tenant_name text NOT NULL DEFAULT '',
    tenant_slug text NOT NULL DEFAULT '',
    tenant_plan text NOT NULL DEFAULT 'free',
    tenant_status text NOT NULL DEFAULT 'provisioning'
);
INSERT INTO smarter_outbox_state (id) VALUES (1) ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS smarter_subscription (
    id serial PRIMARY KEY,
    name text NOT NULL,
    target text NOT NULL,                       -- n8n | chatwoot | warehouse | webhook
    url text,
    active boolean NOT NULL DEFAULT true,
    company_id integer,                         -- NULL: every company of the tenant
    patterns text NOT NULL DEFAULT '*',         -- one pattern a line: order.*, invoice.paid, *
    filter_domain text,                         -- Odoo domain on the record
    batch_size integer NOT NULL DEFAULT 1 CHECK (batch_size BETWEEN 1 AND 500),
    config jsonb NOT NULL DEFAULT '{}',         -- what the sink needs beside the URL; never a secret
    user_id integer,                            -- the person in charge, told of dead letters
    disabled_reason text,
    disabled_at timestamp,
    create_uid integer, create_date timestamp DEFAULT (now() AT TIME ZONE 'utc'),
    write_uid integer, write_date timestamp DEFAULT (now() AT TIME ZONE 'utc')
);
-- Who wrote the filter: it is evaluated with that person's rights.
ALTER TABLE smarter_subscription ADD COLUMN IF NOT EXISTS author_id integer;

-- Signing keys live beside the ORM, not in it: no Odoo model maps this table.
CREATE TABLE IF NOT EXISTS smarter_subscription_key (
    id serial PRIMARY KEY,
    subscription_id integer NOT NULL,
    secret text NOT NULL,                       -- whsec_<base64 of 24 to 64 bytes>
    created_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc'),
    expires_at timestamp                        -- set when a newer key replaces it
);
CREATE INDEX IF NOT EXISTS smarter_subscription_key_subscription
    ON smarter_subscription_key (subscription_id);

CREATE TABLE IF NOT EXISTS smarter_event (
    id bigserial PRIMARY KEY,
    uid uuid NOT NULL DEFAULT gen_random_uuid(),
    type text NOT NULL,
    schema_version integer NOT NULL DEFAULT 1,
    model text,
    res_id bigint,
    aggregate text NOT NULL,                    -- model/id: the lane key
    company_id integer,
    rut text NOT NULL,                          -- the company's RUT, or the tenant's
    epoch integer NOT NULL,
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    occurred_at timestamp NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'utc'),
    data jsonb NOT NULL DEFAULT '{}',
    previous jsonb NOT NULL DEFAULT '{}',       -- first old values of this transaction
    state text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'dead')),
    error text,                                 -- why the payload could not be built
    origin text NOT NULL DEFAULT 'capture' CHECK (origin IN ('capture', 'emit', 'backfill', 'test')),
    create_uid integer
);
-- The epoch is part of the key because a restored dump may hold transaction ids that the new
-- cluster will reach again.
CREATE UNIQUE INDEX IF NOT EXISTS smarter_event_once
    ON smarter_event (epoch, tx, aggregate, type);
CREATE UNIQUE INDEX IF NOT EXISTS smarter_event_uid ON smarter_event (uid);
CREATE INDEX IF NOT EXISTS smarter_event_record ON smarter_event (model, res_id);
CREATE INDEX IF NOT EXISTS smarter_event_occurred ON smarter_event (occurred_at);

CREATE TABLE IF NOT EXISTS smarter_delivery (
    id bigserial PRIMARY KEY,
    event_id bigint NOT NULL REFERENCES smarter_event ON DELETE CASCADE,
    subscription_id integer NOT NULL,
    company_id integer,
    lane text NOT NULL,                         -- the event's aggregate
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'leased', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamp NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'utc'),
                                                -- pending: next try; leased: end of the lease
    lease uuid,
    worker text,
    webhook_id text NOT NULL,                   -- stable over retries
    replay integer NOT NULL DEFAULT 0,          -- 0: first delivery; n: n-th deliberate replay
    last_status text,
    last_answer text,                           -- redacted and cut by the connector
    delivered_at timestamp,
    create_date timestamp NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'utc')
) WITH (fillfactor = 70);                       -- room for HOT updates of lease and attempts
CREATE UNIQUE INDEX IF NOT EXISTS smarter_delivery_once
    ON smarter_delivery (event_id, subscription_id, replay);
-- By -id and id + 0, because these two indexes alone give such an order: claim must choose them whatever
-- the statistics say. By id, with those of a time when most were open, it would read through all that was
-- ever delivered; with those of an idle time it would compare each of a sudden backlog with each other.
CREATE INDEX IF NOT EXISTS smarter_delivery_queue
    ON smarter_delivery (subscription_id, (-id)) WHERE state IN ('pending', 'leased');
CREATE INDEX IF NOT EXISTS smarter_delivery_lanes
    ON smarter_delivery (subscription_id, lane, (id + 0)) WHERE state IN ('pending', 'leased');
DROP INDEX IF EXISTS smarter_delivery_open, smarter_delivery_lane;
CREATE INDEX IF NOT EXISTS smarter_delivery_dead
    ON smarter_delivery (subscription_id, id) WHERE state = 'dead';

-- What a sink must remember: Chatwoot contact ids, event -> message ids.
CREATE TABLE IF NOT EXISTS smarter_external_ref (
    subscription_id integer NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    value jsonb NOT NULL,
    updated_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc'),
    PRIMARY KEY (subscription_id, kind, key)
);

-- A request to capture existing records again; Odoo's cron works it off in batches.
CREATE TABLE IF NOT EXISTS smarter_backfill (
    id serial PRIMARY KEY,
    subscription_id integer NOT NULL,
    company_id integer,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done', 'failed')),
    cursor jsonb NOT NULL DEFAULT '{}',         -- model -> last id done
    captured integer NOT NULL DEFAULT 0,
    error text,
    create_uid integer, create_date timestamp DEFAULT (now() AT TIME ZONE 'utc'),
    write_uid integer, write_date timestamp DEFAULT (now() AT TIME ZONE 'utc')
);
