-- name: insert_suppression^
-- The reason that was first stays.
insert into suppressions (channel, address, reason, message_id, created_at, created_by)
values (:channel, :address, :reason, :message_id, :now, :by)
on conflict (channel, address) do nothing
returning *;

-- name: list_suppressed
-- Which of these a step must not write to.
select address from suppressions where channel = :channel and address = any(:addresses::text[]);

-- name: read_suppression^
select * from suppressions where channel = :channel and address = :address;

-- name: list_suppressions
select * from suppressions
where (:channel::text is null or channel = :channel)
  and (:after_channel::text is null or (channel, address) > (:after_channel, :after_address::text))
order by channel, address
limit :size;

-- name: delete_suppression^
delete from suppressions where channel = :channel and address = :address returning *;

-- name: list_only_addresses
-- Of records that hold one address, in whichever of their email fields.
select r.id, min(r.field_values ->> (f ->> 'name')) as address
from records r
join objects o on o.id = r.object_id
cross join lateral jsonb_array_elements(o.definition -> 'fields') f
where r.id = any(:record_ids::uuid[]) and f ->> 'type' = 'email' and r.field_values ->> (f ->> 'name') is not null
group by r.id
having count(distinct lower(r.field_values ->> (f ->> 'name'))) = 1;

-- name: find_message_by_token^
select id, channel, record_id, recipients, subject, template from messages where unsubscribe_token = :token;
