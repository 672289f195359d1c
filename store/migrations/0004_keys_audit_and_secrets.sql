-- Who calls the gateway, what people did, what steps may use in secret, and what may be deleted
-- depends: 0003_events_triggers_and_time

-- migrate: apply

-- The key itself is told once and kept as its SHA-256; `hint` is its end. `scopes` as in automations/access.py.
create table api_keys (
    id uuid primary key,
    name text not null,
    hash bytea not null unique,
    hint text not null,
    scopes text[] not null,
    requests_per_minute integer,
    created_at timestamptz not null,
    created_by text not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    replaced_by uuid references api_keys
);

-- What a person did, written with what it did. `key_id` is null for what is done beside the gateway. `actor` is the key's name, or
-- whom its caller speaks for.
create table audit (
    id uuid primary key,
    at timestamptz not null,
    key_id uuid references api_keys,
    actor text not null,
    action text not null,
    kind text not null,
    target text not null,
    why text not null default '',
    before jsonb,
    after jsonb,
    request_id text
);
create index audit_by_target on audit (kind, target, id);
create index audit_by_key on audit (key_id, id);
create index audit_by_action on audit (action, id);

-- Answers to requests that came under an Idempotency-Key. `status` is null while the first one is under way. `made_id` is the id
-- that an execution which the request starts is to have, at each try the same.
create table idempotent_requests (
    key_id uuid not null references api_keys on delete cascade,
    idempotency_key text not null,
    method text not null,
    path text not null,
    body_hash bytea not null,
    began_at timestamptz not null,
    made_id uuid not null,
    status integer,
    headers jsonb,
    body bytea,
    primary key (key_id, idempotency_key)
);
create index idempotent_requests_by_time on idempotent_requests (began_at);

-- What steps use and nobody reads: encrypted with a key of the environment.
create table secrets (
    name text primary key,
    sealed bytea not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    updated_by text not null
);

-- `secret` is left of the time before they were encrypted; a gateway that starts with a key seals it.
alter table webhook_secrets alter column secret drop not null, add column sealed bytea, add column hint text not null default '';
update webhook_secrets set hint = right(secret, 4);

-- What a signed call is known by, so that it starts nothing when it comes again.
alter table webhook_deliveries add column fingerprint bytea;
create unique index webhook_deliveries_signed on webhook_deliveries (automation_id, webhook, fingerprint)
    where fingerprint is not null;

-- A deleted automation frees its name; its executions keep pointing at it. A deleted record keeps only its id.
alter table automations add column deleted_at timestamptz;
alter table automations drop constraint automations_api_name_key;
create unique index automations_api_name_key on automations (api_name) where deleted_at is null;
alter table records add column deleted_at timestamptz;

create index executions_by_automation_and_state on executions (automation_id, state, id);
create index executions_by_parent on executions (parent_id, id) where parent_id is not null;
create index executions_with_failed_steps on executions (id) where steps_failed > 0;
create index records_by_update on records (object_id, updated_at, id);
create index automations_by_update on automations (updated_at, id);
create index webhook_deliveries_by_event on webhook_deliveries (event_id) where event_id is not null;

-- migrate: rollback
drop index webhook_deliveries_by_event, automations_by_update, records_by_update, executions_by_automation_and_state,
    executions_by_parent, executions_with_failed_steps;
alter table records drop column deleted_at;
drop index automations_api_name_key;
alter table automations add constraint automations_api_name_key unique (api_name);
alter table automations drop column deleted_at;
drop index webhook_deliveries_signed;
alter table webhook_deliveries drop column fingerprint;
-- What is sealed cannot be read here: callers of those webhooks need new secrets.
delete from webhook_secrets where secret is null;
alter table webhook_secrets drop column sealed, drop column hint, alter column secret set not null;
drop table secrets, idempotent_requests, audit, api_keys;
