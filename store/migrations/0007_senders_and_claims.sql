-- Whose ids are whose, and what became of a request whose answer was lost
-- depends: 0006_failing_workflows

-- migrate: apply
-- The first key of the rotations that a key came out of: what its caller is known by. Null: itself.
alter table api_keys add column first_id uuid references api_keys;
with recursive rotated (id, first_id) as (
    select k.replaced_by, k.id from api_keys k
    where k.replaced_by is not null and not exists (select from api_keys o where o.replaced_by = k.id)
    union all
    select k.replaced_by, r.first_id from rotated r join api_keys k on k.id = r.id where k.replaced_by is not null
)
update api_keys k set first_id = r.first_id from rotated r where k.id = r.id;

-- What the sender of an event said, so that another event under its id is told from the same one told again.
alter table events add column told_hash bytea;

-- `written`: something was committed for it. `claimed_by`: the session of who does it. `hashed_by`: whose key the hash was made with.
alter table idempotent_requests
    add column written boolean not null default false,
    add column claimed_by text,
    add column hashed_by uuid;

-- What a rotated key began is found by the keys that come after it.
insert into idempotent_requests (
    key_id, idempotency_key, method, path, body_hash, began_at, made_id, status, headers, body, hashed_by
)
select k.first_id, r.idempotency_key, r.method, r.path, r.body_hash, r.began_at, r.made_id, r.status, r.headers, r.body, k.id
from idempotent_requests r join api_keys k on k.id = r.key_id
where k.first_id is not null
on conflict do nothing;

-- Two callers of a webhook may name their calls alike.
alter table webhook_deliveries add column sender_id uuid;
drop index webhook_deliveries_once;
create unique index webhook_deliveries_once
    on webhook_deliveries (automation_id, webhook, idempotency_key, coalesce(sender_id, '00000000-0000-0000-0000-000000000000'))
    where idempotency_key is not null;

-- migrate: rollback
drop index webhook_deliveries_once;
-- Of calls that two callers named alike the first one keeps its name.
update webhook_deliveries d set idempotency_key = null
where idempotency_key is not null and exists (
    select from webhook_deliveries e
    where e.automation_id = d.automation_id and e.webhook = d.webhook and e.idempotency_key = d.idempotency_key and e.id < d.id
);
create unique index webhook_deliveries_once on webhook_deliveries (automation_id, webhook, idempotency_key)
    where idempotency_key is not null;
alter table webhook_deliveries drop column sender_id;
alter table idempotent_requests drop column written, drop column claimed_by, drop column hashed_by;
alter table events drop column told_hash;
alter table api_keys drop column first_id;
