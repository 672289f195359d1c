-- name: lock_delivery_key^
-- Of two calls with the same key, the second waits until it is known what came of the first.
select pg_advisory_xact_lock(hashtextextended(:key, 0));

-- name: find_delivery_by_key^
-- What the first call with this key was answered; `is_same`: this one says the same. Who called an earlier release, or who calls
-- what takes everybody's calls, is not known.
select d.id, d.automation_id, d.outcome, d.reason, d.execution_id,
       d.method = :method and d.query = :query and d.body = :body::bytea as is_same
from webhook_deliveries d
where d.automation_id = :automation_id and d.webhook = :webhook and d.idempotency_key = :idempotency_key
  and (d.sender_id is null or d.sender_id = :sender_id)
order by d.sender_id nulls last
limit 1;

-- name: find_signed_delivery^
-- What a call with this signature was answered the first time.
select d.id, d.automation_id, d.reason, d.execution_id
from webhook_deliveries d
where d.automation_id = :automation_id and d.webhook = :webhook and d.fingerprint = :fingerprint;

-- name: insert_delivery!
insert into webhook_deliveries (
    id, automation_id, webhook, method, content_type, query, body, received_at, idempotency_key, replay_of, event_id, outcome,
    reason, detail, execution_id, fingerprint, sender_id
) values (
    :id, :automation_id, :webhook, :method, :content_type, :query, :body, :received_at, :idempotency_key, :replay_of, :event_id,
    :outcome, :reason, :detail, :execution_id, :fingerprint, :sender_id
);

-- name: read_delivery^
select d.*, a.api_name, octet_length(d.body) as size
from webhook_deliveries d
join automations a on a.id = d.automation_id
where d.id = :id;

-- name: list_deliveries
-- Newest first, without the bodies: the cursor is the last id of the page before.
select d.id, d.automation_id, a.api_name, d.webhook, d.method, d.content_type, d.query, octet_length(d.body) as size,
       d.received_at, d.idempotency_key, d.replay_of, d.event_id, d.outcome, d.reason, d.detail, d.execution_id
from webhook_deliveries d
join automations a on a.id = d.automation_id
where d.automation_id = :automation_id and d.webhook = :webhook and (:cursor::uuid is null or d.id < :cursor)
order by d.id desc
limit :size;
