-- name: insert_api_key^
insert into api_keys (id, name, hash, hint, scopes, requests_per_minute, created_at, created_by, expires_at, first_id)
values (
    :id, :name, :hash, :hint, :scopes::text[], :requests_per_minute, :now, :created_by, :expires_at,
    (select coalesce(first_id, id) from api_keys where id = :replaces)
)
returning *;

-- name: find_api_key^
-- Each request looks here, so that a key that is revoked is refused at once.
select id, coalesce(first_id, id) as sender_id, name, scopes, requests_per_minute, expires_at, last_used_at, revoked_at
from api_keys where hash = :hash;

-- name: touch_api_key!
update api_keys set last_used_at = :now where id = :id;

-- name: read_api_key^
select *, coalesce(first_id, id) as sender_id from api_keys where id = :id;

-- name: lock_api_key^
select * from api_keys where id = :id for update;

-- name: lock_admin_keys
-- In order: two that are revoked at once are so one after the other, and the second one is seen to be the last.
select id from api_keys where 'admin' = any(scopes) and revoked_at is null order by id for update;

-- name: list_api_keys
-- Newest first.
select * from api_keys
where (:cursor::uuid is null or id < :cursor) and (:revoked or revoked_at is null)
order by id desc
limit :size;

-- name: revoke_api_key^
-- Only once: who did it first stays.
update api_keys set revoked_at = :now, revoked_by = :revoked_by where id = :id and revoked_at is null
returning *;

-- name: replace_api_key^
-- Taken for a while yet, but never for longer than it would have been.
update api_keys set expires_at = least(expires_at, :expires_at), replaced_by = :replaced_by where id = :id
returning *;

-- name: count_admin_keys$
-- Those that still open everything.
select count(*) from api_keys where 'admin' = any(scopes) and revoked_at is null and (expires_at is null or expires_at > :now);
