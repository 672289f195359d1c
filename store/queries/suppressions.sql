-- name: insert_suppression!
insert into suppressions (channel, address, reason, message_id, created_at, created_by)
values (:channel, :address, :reason, :message_id, :now, :by)
on conflict (channel, address) do nothing;

-- name: is_suppressed$
select exists (select from suppressions where channel = :channel and address = :address);

-- name: delete_suppression$
delete from suppressions where channel = :channel and address = :address returning address;
