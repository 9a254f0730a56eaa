-- The registry: one row for each tenant, and what the servers may read of it.
--
-- Run by the administrator in database smarteros_registry; every statement can be run again.
-- Schema "registry" is the administrator's alone; schema "routing" is what Odoo's and the
-- connector's roles see. Rights are granted in install.py, where the roles' names are known.

CREATE SCHEMA IF NOT EXISTS registry;
CREATE SCHEMA IF NOT EXISTS routing;

CREATE TABLE IF NOT EXISTS registry.meta (key text PRIMARY KEY, value text NOT NULL);

CREATE TABLE IF NOT EXISTS registry.tenant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL DEFAULT 'production' CHECK (kind IN ('production', 'staging')),
    rut text NOT NULL CHECK (rut ~ '^[1-9][0-9]{0,7}-[0-9K]$'),
    name text NOT NULL CHECK (length(name) <= 200),
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 40),
    plan text NOT NULL CHECK (plan ~ '^[a-z][a-z0-9_]{0,30}$'),
    status text NOT NULL DEFAULT 'provisioning'
        CHECK (status IN ('provisioning', 'active', 'suspended', 'deleted', 'purged')),
    status_reason text NOT NULL DEFAULT '' CHECK (length(status_reason) <= 1000),
    maintenance text CHECK (length(maintenance) BETWEEN 1 AND 1000),
    database text UNIQUE CHECK (database ~ '^[a-z][a-z0-9_]{0,62}$'),
    uuid text UNIQUE CHECK (length(uuid) BETWEEN 8 AND 64),
    release text NOT NULL DEFAULT '' CHECK (length(release) <= 100),
    module_set text NOT NULL DEFAULT '' CHECK (length(module_set) <= 100),
    modules jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(modules) = 'object'),
    external_ids jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(external_ids) = 'object'),
    admin_email text NOT NULL DEFAULT '' CHECK (length(admin_email) <= 254),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    activated_at timestamptz,
    deleted_at timestamptz,
    purge_after timestamptz,
    source_tenant bigint REFERENCES registry.tenant (id),
    -- Half a tenant is never served: what is listed has its database under its final name, and
    -- that name is the RUT's own.
    CONSTRAINT tenant_served_is_complete CHECK (
        status NOT IN ('active', 'suspended') OR uuid IS NOT NULL AND database IS NOT NULL AND
        CASE kind
            WHEN 'production' THEN database = 't_' || replace(lower(rut), '-', '_')
            ELSE starts_with(database, 's_' || replace(lower(rut), '-', '_') || '_')
        END)
);
CREATE UNIQUE INDEX IF NOT EXISTS tenant_rut ON registry.tenant (rut)
    WHERE kind = 'production' AND status <> 'purged';
CREATE UNIQUE INDEX IF NOT EXISTS tenant_slug ON registry.tenant (slug) WHERE status <> 'purged';

CREATE TABLE IF NOT EXISTS registry.host (
    name text PRIMARY KEY CHECK (name ~ '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$'),
    tenant bigint NOT NULL REFERENCES registry.tenant (id),
    is_primary boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX IF NOT EXISTS host_primary ON registry.host (tenant) WHERE is_primary;
CREATE INDEX IF NOT EXISTS host_tenant ON registry.host (tenant);

CREATE TABLE IF NOT EXISTS registry.release (
    name text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$'),
    path text NOT NULL,
    odoo_build text NOT NULL DEFAULT '',
    modules jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(modules) = 'object'),
    pool text NOT NULL DEFAULT '' CHECK (length(pool) <= 300),
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);

CREATE TABLE IF NOT EXISTS registry.template (
    database text PRIMARY KEY CHECK (database ~ '^[a-z][a-z0-9_]{0,62}$'),
    release text NOT NULL DEFAULT '',
    module_set text NOT NULL,
    modules text[] NOT NULL DEFAULT '{}',
    digest text NOT NULL,
    state text NOT NULL DEFAULT 'building' CHECK (state IN ('building', 'ready', 'stale')),
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz
);

CREATE TABLE IF NOT EXISTS registry.operation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant bigint NOT NULL REFERENCES registry.tenant (id),
    kind text NOT NULL CHECK (kind ~ '^[a-z][a-z_]{0,30}$'),
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed')),
    step text NOT NULL DEFAULT '',
    data jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(data) = 'object'),
    error text NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
-- An operation that was killed stays "running" until the same operation is run again.
CREATE UNIQUE INDEX IF NOT EXISTS operation_running ON registry.operation (tenant, kind)
    WHERE state = 'running';

CREATE TABLE IF NOT EXISTS registry.backup (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant bigint NOT NULL REFERENCES registry.tenant (id),
    path text NOT NULL UNIQUE,
    taken_at timestamptz NOT NULL DEFAULT now(),
    bytes bigint NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    sha256 text NOT NULL DEFAULT '' CHECK (sha256 ~ '^([0-9a-f]{64})?$'),
    release text NOT NULL DEFAULT '',
    epoch integer NOT NULL DEFAULT 0,
    verified_at timestamptz,
    kept_until timestamptz
);
CREATE INDEX IF NOT EXISTS backup_tenant ON registry.backup (tenant, taken_at);

CREATE TABLE IF NOT EXISTS registry.history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant bigint,
    rut text NOT NULL DEFAULT '',
    event text NOT NULL CHECK (length(event) BETWEEN 1 AND 100),
    actor text NOT NULL CHECK (length(actor) <= 200),
    detail jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(detail) = 'object')
);
CREATE INDEX IF NOT EXISTS history_tenant ON registry.history (tenant, id);

CREATE OR REPLACE FUNCTION registry.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of the registry only grows'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER history_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE
    ON registry.history FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change();
-- ALWAYS: a session that calls itself a replica is refused like any other.
ALTER TABLE registry.history ENABLE ALWAYS TRIGGER history_only_grows;

CREATE OR REPLACE FUNCTION registry.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'purged' AND NEW.status <> 'purged' THEN
        RAISE EXCEPTION 'a purged tenant does not come back'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tenant_purged_is_final';
    END IF;
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER tenant_touch BEFORE UPDATE ON registry.tenant
    FOR EACH ROW EXECUTE FUNCTION registry.touch();

-- Servers and connectors hear of every change at its commit; the payload is the database.
CREATE OR REPLACE FUNCTION registry.announce_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('smarteros_registry', coalesce(NEW.database, ''));
    IF TG_OP = 'UPDATE' AND OLD.database IS DISTINCT FROM NEW.database THEN
        PERFORM pg_notify('smarteros_registry', coalesce(OLD.database, ''));
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER tenant_announce AFTER INSERT OR UPDATE ON registry.tenant
    FOR EACH ROW EXECUTE FUNCTION registry.announce_tenant();

CREATE OR REPLACE FUNCTION registry.announce_host() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('smarteros_registry', coalesce(database, '')) FROM registry.tenant
    WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.tenant END,
                 CASE WHEN TG_OP <> 'DELETE' THEN NEW.tenant END);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER host_announce AFTER INSERT OR UPDATE OR DELETE ON registry.host
    FOR EACH ROW EXECUTE FUNCTION registry.announce_host();

CREATE OR REPLACE VIEW routing.route WITH (security_barrier) AS
    SELECT host.name AS host, database, uuid, rut, slug, tenant.name, plan, status, status_reason,
           maintenance, release, is_primary, kind
    FROM registry.host JOIN registry.tenant ON tenant.id = host.tenant
    WHERE status IN ('active', 'suspended');

CREATE OR REPLACE VIEW routing.served WITH (security_barrier) AS
    SELECT database, uuid, rut, plan, status, maintenance, release, kind, status_reason
    FROM registry.tenant
    WHERE kind = 'production' AND status IN ('active', 'suspended');

-- Counters of attempts and calls, shared by every worker of every server; lost in a crash, which
-- opens no door for longer than one window.
CREATE UNLOGGED TABLE IF NOT EXISTS routing.counter (
    bucket text NOT NULL CHECK (length(bucket) BETWEEN 1 AND 64),
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
    window_start timestamptz NOT NULL,
    hits integer NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, key, window_start)
);
CREATE INDEX IF NOT EXISTS counter_expires ON routing.counter (expires_at);

CREATE OR REPLACE FUNCTION routing.window_start(p_seconds int) RETURNS timestamptz
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_seconds IS NULL OR p_seconds NOT BETWEEN 1 AND 86400 THEN
        RAISE EXCEPTION 'a window has 1 to 86400 seconds' USING ERRCODE = '22023';
    END IF;
    RETURN to_timestamp(floor(extract(epoch FROM clock_timestamp()) / p_seconds) * p_seconds);
END $$;

CREATE OR REPLACE FUNCTION routing.hit(
    p_bucket text, p_key text, p_window_seconds int, p_cost int DEFAULT 1
) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_start timestamptz := routing.window_start(p_window_seconds);
    v_hits int;
BEGIN
    IF p_cost IS NULL OR p_cost NOT BETWEEN 0 AND 1000000 THEN
        RAISE EXCEPTION 'a cost is 0 to 1000000' USING ERRCODE = '22023';
    END IF;
    INSERT INTO routing.counter AS c (bucket, key, window_start, hits, expires_at)
    VALUES (p_bucket, p_key, v_start, p_cost, v_start + make_interval(secs => p_window_seconds))
    ON CONFLICT (bucket, key, window_start)
    DO UPDATE SET hits = least(c.hits::bigint + excluded.hits, 2147483647)
    RETURNING hits INTO v_hits;
    IF random() < 0.001 THEN
        PERFORM routing.purge();
    END IF;
    RETURN v_hits;
END $$;

CREATE OR REPLACE FUNCTION routing.count(p_bucket text, p_key text, p_window_seconds int)
RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(max(hits), 0) FROM routing.counter
    WHERE bucket = p_bucket AND key = p_key
      AND window_start = routing.window_start(p_window_seconds)
$$;

CREATE OR REPLACE FUNCTION routing.forget(p_bucket text, p_key text)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM routing.counter WHERE bucket = p_bucket AND key = p_key
$$;

CREATE OR REPLACE FUNCTION routing.purge()
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM routing.counter WHERE (bucket, key, window_start) IN (
        SELECT bucket, key, window_start FROM routing.counter
        WHERE expires_at < clock_timestamp() LIMIT 10000 FOR UPDATE SKIP LOCKED)
$$;
