-- name: claim_idempotent_request^
-- Of several callers at once exactly one gets the row.
insert into idempotent_requests (key_id, idempotency_key, method, path, body_hash, began_at, made_id)
values (:key_id, :idempotency_key, :method, :path, :body_hash, :now, :made_id)
on conflict do nothing
returning made_id, began_at;

-- name: read_idempotent_request^
-- Whoever did not get the row looks what has become of it.
select * from idempotent_requests where key_id = :key_id and idempotency_key = :idempotency_key;

-- name: reclaim_idempotent_request^
-- What a process left behind, taken over by exactly one of those that find it.
update idempotent_requests set began_at = :now
where key_id = :key_id and idempotency_key = :idempotency_key and status is null and began_at = :found
returning made_id, began_at;

-- name: keep_idempotent_answer!
-- Not if somebody else has taken the request over since.
update idempotent_requests set status = :status, headers = :headers, body = :body
where key_id = :key_id and idempotency_key = :idempotency_key and began_at = :began_at and status is null;

-- name: release_idempotent_request!
-- Nothing was done: the key is free again.
delete from idempotent_requests
where key_id = :key_id and idempotency_key = :idempotency_key and began_at = :began_at and status is null;

-- name: doubt_idempotent_request!
-- It is over, and nobody knows whether it was done: as if it had been left behind long ago.
update idempotent_requests set began_at = :long_ago
where key_id = :key_id and idempotency_key = :idempotency_key and began_at = :began_at and status is null;

-- name: sweep_idempotent_requests$
-- How many were removed, a thousand at most.
with old as (
    select key_id, idempotency_key from idempotent_requests where began_at < :before order by began_at limit 1000 for update skip locked
), gone as (
    delete from idempotent_requests r using old
    where r.key_id = old.key_id and r.idempotency_key = old.idempotency_key
    returning 1
)
select count(*) from gone;
