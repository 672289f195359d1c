-- name: list_evaluations
-- What the triggers of an automation made of events, newest first. Of one record by its events, which are fewer than all.
with page as (
    (select id from evaluations
     where :record_id::uuid is null and automation_id = :automation_id and (:outcome::text is null or outcome = :outcome)
       and (:reason::text is null or reason = :reason)
       and id < coalesce(:cursor::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     order by id desc limit :size)
    union all
    (select v.id from events e join evaluations v on v.event_id = e.id and v.automation_id = :automation_id
     where e.record_id = :record_id and (:outcome is null or v.outcome = :outcome) and (:reason is null or v.reason = :reason)
       and v.id < coalesce(:cursor, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     order by v.id desc limit :size)
)
select v.*, r.name as record_name, e.kind,
       case when pg_column_size(e.payload) <= :payload_bytes then e.payload end as payload
from page join evaluations v using (id) join events e on e.id = v.event_id left join records r on r.id = v.record_id
order by v.id desc;

-- name: list_trigger_evaluations
-- Those of one trigger, of a record or of all; each way to ask has an index of its own.
with page as (
    (select id from evaluations
     where :record_id::uuid is null and automation_id = :automation_id and trigger_id = :trigger_id
       and id < coalesce(:cursor::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     order by id desc limit :size)
    union all
    (select id from evaluations
     where automation_id = :automation_id and trigger_id = :trigger_id and record_id = :record_id
       and id < coalesce(:cursor, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     order by id desc limit :size)
)
select v.*, r.name as record_name, e.kind,
       case when pg_column_size(e.payload) <= :payload_bytes then e.payload end as payload
from page join evaluations v using (id) join events e on e.id = v.event_id left join records r on r.id = v.record_id
order by v.id desc;

-- name: read_listening_since$
-- The trigger was saved then, or its automation activated; null for one that listens to no events.
select greatest(max(l.since), max(a.activated_at))
from listeners l join automations a on a.id = l.automation_id
where l.automation_id = :automation_id and l.trigger_id = :trigger_id;

-- name: count_waiting_events^
-- Events whose turn has not come, and which of them the trigger may answer. More than so many say nothing more to people.
with waiting as (
    select number, kind, record_id, event_at, automation_id, trigger_id, retry_at, problem
    from events where evaluated_at is null order by number limit :most
)
select count(*) as in_all, count(*) filter (where is_of_trigger) as of_trigger,
       min(event_at) filter (where is_of_trigger) as oldest_at,
       count(*) filter (where is_of_trigger and retry_at is not null) as set_aside,
       (array_agg(problem order by number) filter (where is_of_trigger and retry_at is not null))[1] as problem
from waiting w left join records r on r.id = w.record_id,
     lateral (select w.kind = any(:kinds::text[]) and (:record_id::uuid is null or w.record_id = :record_id) and case
         when w.automation_id is null then r.object_id = :object_id
         else w.automation_id = :automation_id and w.trigger_id = :trigger_id
     end as is_of_trigger) as l;

-- name: read_last_event_of_kinds^
-- Of a record, by the index of its events.
select kind, payload, event_at from events
where record_id = :record_id and kind = any(:kinds::text[])
  and (automation_id is null or (automation_id = :automation_id and trigger_id = :trigger_id))
order by id desc
limit 1;

-- name: list_waiting_triggers
-- Those that a worker could not read, as they are now; without a definition where they are gone.
select v.automation_id, v.trigger_id, a.revision,
       (select definition from listeners l
        where l.automation_id = v.automation_id and l.trigger_id = v.trigger_id and l.use = 'start' limit 1) as definition
from (select distinct automation_id, trigger_id from evaluations where outcome = 'waiting') v
join automations a on a.id = v.automation_id
order by v.automation_id, v.trigger_id
limit :size;

-- name: list_waiting_evaluations
-- Of these triggers, each with its event, in the order in which the events were written.
select e.id, e.number, e.kind, e.record_id, e.event_at, e.payload, e.root_id, e.depth, e.priority, e.automation_id as only_for,
       v.event_id, v.automation_id, v.trigger_id
from unnest(:automation_ids::uuid[], :trigger_ids::text[]) as asked (automation_id, trigger_id)
join evaluations v using (automation_id, trigger_id)
join events e on e.id = v.event_id
where v.outcome = 'waiting'
order by e.number
limit :size;
