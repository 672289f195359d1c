-- name: list_live_secrets
-- Newest first.
select * from webhook_secrets
where automation_id = :automation_id and webhook = :webhook and (retires_at is null or retires_at > :now)
order by created_at desc, id desc;

-- name: insert_webhook_secret^
insert into webhook_secrets (id, automation_id, webhook, sealed, hint, created_at)
values (:id, :automation_id, :webhook, :sealed, :hint, :now)
returning *;

-- name: retire_webhook_secret!
-- Never later than it was to.
update webhook_secrets set retires_at = least(retires_at, :retires_at::timestamptz) where id = :id;

-- name: delete_secrets_but!
-- The retired ones, and all others that are not to be kept.
delete from webhook_secrets where automation_id = :automation_id and webhook = :webhook and id <> all(:keep::uuid[]);

-- name: delete_webhook_secret$
delete from webhook_secrets where automation_id = :automation_id and webhook = :webhook and id = :id returning true;

-- name: lock_webhook_secrets_unlike
-- Those of the time before secrets were sealed, and those of an older key.
select id, secret, sealed from webhook_secrets
where id > :after and (sealed is null or substring(sealed from 1 for octet_length(:mark::bytea)) <> :mark::bytea)
order by id
limit :size
for update;

-- name: reseal_webhook_secret!
update webhook_secrets set sealed = :sealed, secret = null where id = :id;
