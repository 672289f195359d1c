-- name: list_told_objects
-- The objects that a sender names.
select id, api_name, definition from objects where api_name = any(:api_names::text[]);

-- name: find_told_records
-- The record that each key means: the oldest one, and an archived one only where there is no other. `offset 0` has each key looked
-- up by an index of its own, however many keys the planner expects.
with wanted as (
    select * from unnest(:places::integer[], :object_ids::uuid[], :ids::uuid[], :names::text[], :held::jsonb[])
        as w (place, object_id, id, name, held)
), found as (
    select w.place, r.id, r.archived_at
    from wanted w cross join lateral (
        select id, archived_at from records where id = w.id and object_id = w.object_id and deleted_at is null offset 0
    ) r
    union all
    select w.place, r.id, r.archived_at
    from wanted w cross join lateral (
        select id, archived_at from records where object_id = w.object_id and lower(name) = lower(w.name) offset 0
    ) r
    union all
    select w.place, r.id, r.archived_at
    from wanted w cross join lateral (
        select id, archived_at from records where field_values @> w.held and object_id = w.object_id offset 0
    ) r
)
select distinct on (place) place, id from found order by place, archived_at is not null, id;

-- name: hold_told_records
-- Those that are not archived, and will not be before their events are written. In an order that all keep, and as strong as a
-- change of the record, so that its events are numbered in the order in which they are committed.
select id from records where id = any(:ids::uuid[]) and archived_at is null order by id for no key update;

-- name: insert_told_events
-- In the order given, which becomes that of their numbers. One whose key is there was told of before; so was one that an earlier
-- release kept under its id alone, if it is the same one.
insert into events (id, kind, record_id, event_at, reported_at, payload, idempotency_key, told_hash)
select id, kind, record_id, event_at, reported_at, payload, key, told_hash
from unnest(
    :ids::uuid[], :kinds::text[], :record_ids::uuid[], :event_ats::timestamptz[], :reported_ats::timestamptz[], :payloads::jsonb[],
    :keys::text[], :earlier_keys::text[], :told_hashes::bytea[]
) with ordinality as told (id, kind, record_id, event_at, reported_at, payload, key, earlier_key, told_hash, place)
where told.earlier_key is null or not exists (
    select from events e
    where e.idempotency_key = told.earlier_key and e.kind = told.kind and e.record_id = told.record_id
      and e.payload = told.payload and e.told_hash is null
)
order by place
on conflict (idempotency_key) where idempotency_key is not null do nothing
returning id;

-- name: list_events_by_key
select id, idempotency_key as key, told_hash from events where idempotency_key = any(:keys::text[]);

-- name: list_events
-- Newest first, a page at a time; each way to ask has an index of its own. A payload of some size is left to those who ask for
-- its event: bodies of webhooks can be large.
with page as (
    (select * from events
     where :record_id::uuid is null and :kind::text is null
       and id < coalesce(:cursor::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
       and (:objects::uuid[] is null or automation_id = any(:automations::uuid[])
            or (select object_id from records where id = record_id) = any(:objects))
     order by id desc limit :size)
    union all
    (select * from events
     where record_id = :record_id and (:kind is null or kind = :kind)
       and id < coalesce(:cursor::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
       and (:objects::uuid[] is null or automation_id = any(:automations::uuid[])
            or (select object_id from records where id = record_id) = any(:objects))
     order by id desc limit :size)
    union all
    (select * from events
     where :record_id is null and kind = :kind and id < coalesce(:cursor::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
       and (:objects::uuid[] is null or automation_id = any(:automations::uuid[])
            or (select object_id from records where id = record_id) = any(:objects))
     order by id desc limit :size)
)
select e.id, e.kind, e.record_id, e.event_at, e.root_id, e.depth, e.priority, e.trigger_id, e.evaluated_at, e.problem, e.retry_at,
       (select api_name from automations where id = e.automation_id) as automation,
       case when pg_column_size(e.payload) <= :payload_bytes then e.payload end as payload
from page e
order by e.id desc;

-- name: show_event^
-- With its payload, whatever its size.
select e.id, e.kind, e.record_id, e.event_at, e.root_id, e.depth, e.priority, e.trigger_id, e.evaluated_at, e.problem, e.retry_at,
       a.api_name as automation, e.payload
from events e left join automations a on a.id = e.automation_id
where e.id = :id;

-- name: list_evaluations_of
-- What became of these events.
select v.event_id, a.api_name as automation, v.trigger_id, v.outcome, v.reason, v.detail, v.execution_id, v.evaluated_at
from evaluations v join automations a on a.id = v.automation_id
where v.event_id = any(:event_ids::uuid[])
order by v.id;
