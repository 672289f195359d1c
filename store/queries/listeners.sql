-- name: write_listeners!
-- One that says what it said before keeps its beginning; those that are gone listen no more.
with told as (
    select * from unnest(:trigger_ids::text[], :uses::text[], :kinds::text[], :keys::text[], :definitions::jsonb[])
        as t (trigger_id, use, kind, key, definition)
), gone as (
    delete from listeners l
    where l.automation_id = :automation_id
      and not exists (select from told t where (t.trigger_id, t.use, t.kind, t.key) = (l.trigger_id, l.use, l.kind, l.key))
)
insert into listeners (automation_id, trigger_id, use, object_id, kind, key, definition, since)
select :automation_id, trigger_id, use, :object_id, kind, key, definition, :now from told
on conflict (automation_id, trigger_id, use, kind, key) do update
set definition = excluded.definition, object_id = excluded.object_id,
    since = case when listeners.definition = excluded.definition then listeners.since else excluded.since end;

-- name: find_listeners
-- By what the events tell, or by the trigger that they name; each trigger once for an event. `was_active`: the automation was when
-- the event happened, whatever it is now. `since`: what happened before then does not count.
with told as (
    select * from unnest(
        :event_ids::uuid[], :event_ats::timestamptz[], :object_ids::uuid[], :kinds::text[], :keys::text[], :automation_ids::uuid[],
        :trigger_ids::text[]
    ) as t (event_id, event_at, object_id, kind, key, automation_id, trigger_id)
), found as (
    select t.event_id, t.event_at, l.automation_id, l.trigger_id, l.use, l.definition, l.since
    from told t join listeners l on l.object_id = t.object_id and l.kind = t.kind and l.key = t.key
    where t.automation_id is null
    union
    select t.event_id, t.event_at, l.automation_id, l.trigger_id, l.use, l.definition, l.since
    from told t join listeners l on l.automation_id = t.automation_id and l.trigger_id = t.trigger_id and l.kind = t.kind
)
select f.event_id, f.automation_id, f.trigger_id, f.use, f.definition, w.was_active,
       case when w.was_active then f.since else greatest(f.since, a.activated_at) end as since,
       a.id, a.api_name, a.object_id, a.active, a.revision, a.document ->> 'throttle' as throttle
from found f join automations a on a.id = f.automation_id
cross join lateral (
    select a.active and a.activated_at <= f.event_at or exists (
        select from activations v
        where v.automation_id = a.id and v.activated_at <= f.event_at and f.event_at < v.deactivated_at
    ) as was_active
) w
order by a.api_name, f.trigger_id;

-- name: warn_of_trigger!
-- Not waiting for a save that is under way: it forgets the warnings, and may wait for who warns.
update automations
set warnings = warnings || :warning
where id = (select id from automations where id = :id and not warnings ? :trigger_id for no key update skip locked);
