-- name: list_live_secrets
-- Newest first.
select * from webhook_secrets
where automation_id = :automation_id and webhook = :webhook and (retires_at is null or retires_at > :now)
order by created_at desc, id desc;

-- name: insert_webhook_secret^
insert into webhook_secrets (id, automation_id, webhook, secret, created_at)
values (:id, :automation_id, :webhook, :secret, :now)
returning *;

-- name: retire_webhook_secret!
-- Never later than it was to.
update webhook_secrets set retires_at = least(retires_at, :retires_at::timestamptz) where id = :id;

-- name: delete_secrets_but!
-- The retired ones, and all others that are not to be kept.
delete from webhook_secrets where automation_id = :automation_id and webhook = :webhook and id <> all(:keep::uuid[]);

-- name: delete_webhook_secret$
delete from webhook_secrets where automation_id = :automation_id and webhook = :webhook and id = :id returning true;
