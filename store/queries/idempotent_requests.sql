-- name: claim_idempotent_request^
-- Of several callers at once exactly one gets the row, and the session in which it got it tells whether it is still there.
insert into idempotent_requests (
    key_id, idempotency_key, method, path, body_hash, began_at, made_id, hashed_by, claimed_by
)
select :key_id, :idempotency_key, :method, :path, :body_hash, :now, :made_id, :hashed_by,
       pid || '/' || extract(epoch from backend_start)
from pg_stat_get_activity(pg_backend_pid())
on conflict do nothing
returning made_id, began_at;

-- name: read_idempotent_request^
-- Whoever did not get the row looks what has become of it. A session is over with its process; of one that belongs to another
-- user Postgres does not tell since when it is there.
select r.*, r.claimed_by is not null and not exists (
    select from pg_stat_get_activity(split_part(r.claimed_by, '/', 1)::integer) a
    where a.backend_start is null or r.claimed_by = a.pid || '/' || extract(epoch from a.backend_start)
) as is_orphan
from idempotent_requests r
where r.key_id = :key_id and r.idempotency_key = :idempotency_key;

-- name: reclaim_idempotent_request^
-- What a process left behind, taken over by exactly one of those that find it. It waits for a transaction that ends just now.
update idempotent_requests
set began_at = :now,
    claimed_by = (select pid || '/' || extract(epoch from backend_start) from pg_stat_get_activity(pg_backend_pid()))
where key_id = :key_id and idempotency_key = :idempotency_key and status is null and began_at = :found
returning made_id, began_at, written;

-- name: mark_written$
-- In the transaction of what is written. Nothing is returned where somebody else has taken the request over since.
update idempotent_requests set written = true
where key_id = :key_id and idempotency_key = :idempotency_key and began_at = :began_at and status is null
returning true;

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
