-- name: take_turn_with_plans!
-- Who works out from an event when something is due, and who does it for all records, do it one after the other: the second one sees
-- what the first one saw, or what is newer. A process that freezes meanwhile loses its turn with its transaction.
select pg_advisory_xact_lock(:turn), set_config('idle_in_transaction_session_timeout', '10s', true);

-- name: hold_business^
-- What is planned by its timezone and calendar is either planned before they change, and then again, or after that.
select name, timezone, locale, calendar, operations_email from business for share;

-- name: find_dated_triggers
-- As they are now. Of an automation that is not active, what it still listened to the last time that it was: up to `until`.
select distinct on (l.automation_id, l.trigger_id)
       l.automation_id, l.trigger_id, l.definition, greatest(l.since, v.activated_at) as since, v.until, a.api_name,
       coalesce((a.document #>> '{calendar,skip_non_working_days}')::boolean, false) as skip_non_working_days,
       o.id as object_id, o.revision as object_revision
from unnest(:automation_ids::uuid[], :trigger_ids::text[]) as asked (automation_id, trigger_id)
join listeners l using (automation_id, trigger_id)
join automations a on a.id = l.automation_id
join objects o on o.id = l.object_id
cross join lateral (
    select a.activated_at, null::timestamptz as until where a.active
    union all
    (select activated_at, deactivated_at from activations
     where automation_id = a.id and not a.active order by deactivated_at desc limit 1)
) v
where l.use = 'due' and l.definition -> 'skip' is distinct from 'true'::jsonb
order by l.automation_id, l.trigger_id, l.since desc;

-- name: list_dated_triggers
-- Of an automation that was just written. `is_new`: it says something else than before, or listens again. `is_moved`: the automation's
-- calendar, by which it goes, does.
select l.trigger_id, bool_or(greatest(l.since, a.activated_at) >= :now) as is_new,
       bool_or(
           l.definition ->> 'skip_non_working_days' is null
           and v.document -> 'calendar' is distinct from a.document -> 'calendar'
       ) as is_moved
from listeners l
join automations a on a.id = l.automation_id
left join automation_revisions v on v.automation_id = a.id and v.revision = a.revision - 1
where l.automation_id = :automation_id and l.use = 'due' and a.active and l.definition -> 'skip' is distinct from 'true'::jsonb
group by l.trigger_id;

-- name: drop_due_of_automation!
-- But those of some triggers, and what has come already for one that says what it said then. Locked in the order in which all lock
-- several of them, so that nobody waits for each other.
with held as materialized (
    select automation_id, trigger_id, record_id, subject from due_triggers
    where automation_id = :automation_id and not trigger_id = any(:kept::text[])
      and (due_at >= :now or not trigger_id = any(array(
          select trigger_id from listeners
          where automation_id = :automation_id and use = 'due' and since < :now
            and definition -> 'skip' is distinct from 'true'::jsonb
      )))
    order by automation_id, trigger_id, record_id, subject
    for update
)
delete from due_triggers d using held h
where (d.automation_id, d.trigger_id, d.record_id, d.subject) = (h.automation_id, h.trigger_id, h.record_id, h.subject);

-- name: drop_scans_of_automation!
with held as materialized (
    select automation_id, trigger_id from due_scans
    where automation_id = :automation_id and not trigger_id = any(:kept::text[])
    order by automation_id, trigger_id
    for update
)
delete from due_scans s using held h where (s.automation_id, s.trigger_id) = (h.automation_id, h.trigger_id);

-- name: put_scans!
-- One that is under way begins again, from the time from which it was to count.
insert into due_scans (automation_id, trigger_id, since)
select :automation_id, trigger_id, :now from unnest(:trigger_ids::text[]) as wanted (trigger_id) order by trigger_id
on conflict (automation_id, trigger_id) do update set since = least(due_scans.since, excluded.since), cursor = default;

-- name: put_scans_of_triggers!
-- For what events mean for triggers that nobody here can follow: from the first of these on, everything is planned anew.
insert into due_scans (automation_id, trigger_id, since)
select automation_id, trigger_id, min(since)
from unnest(:automation_ids::uuid[], :trigger_ids::text[], :sinces::timestamptz[]) as wanted (automation_id, trigger_id, since)
group by automation_id, trigger_id
order by automation_id, trigger_id
on conflict (automation_id, trigger_id) do update set since = least(due_scans.since, excluded.since), cursor = default;

-- name: put_all_scans!
insert into due_scans (automation_id, trigger_id, since)
select distinct l.automation_id, l.trigger_id, :now::timestamptz
from listeners l join automations a on a.id = l.automation_id
where l.use = 'due' and a.active and l.definition -> 'skip' is distinct from 'true'::jsonb
order by l.automation_id, l.trigger_id
on conflict (automation_id, trigger_id) do update set since = least(due_scans.since, excluded.since), cursor = default;

-- name: has_scans$
select exists (select from due_scans);

-- name: take_scan^
-- The one that has waited longest, but for those that are left to others. A save that changes it meanwhile is not waited for.
select * from due_scans s
where not exists (
    select from unnest(:left_automations::uuid[], :left_triggers::text[]) as l (automation_id, trigger_id)
    where (l.automation_id, l.trigger_id) = (s.automation_id, s.trigger_id)
)
order by since, automation_id, trigger_id
limit 1
for update skip locked;

-- name: list_records_to_scan
-- In the order they were made, so that a page says where the next begins.
select id from records
where object_id = (select object_id from automations where id = :automation_id) and id > :after and archived_at is null
order by id
limit :size;

-- name: move_scan!
update due_scans set cursor = :cursor where automation_id = :automation_id and trigger_id = :trigger_id;

-- name: end_scan!
delete from due_scans where automation_id = :automation_id and trigger_id = :trigger_id;

-- name: list_open_activities
select * from crm_activities where record_id = any(:record_ids::uuid[]) and status = 'scheduled' order by record_id, id;

-- name: lock_due
-- What some triggers wait for on some records.
select d.*
from unnest(:automation_ids::uuid[], :trigger_ids::text[], :record_ids::uuid[]) as asked (automation_id, trigger_id, record_id)
join due_triggers d using (automation_id, trigger_id, record_id)
order by d.automation_id, d.trigger_id, d.record_id, d.subject
for update of d;

-- name: has_due$
-- By the first one, as the planner hopes that many are due and would look through all for one.
select coalesce(min(due_at) <= :now, false) from due_triggers;

-- name: take_due
-- Nothing that was due after a change that nobody has looked at yet: it may have moved it. So with what all records are being planned
-- anew for. Workers share the rows.
select d.*
from due_triggers d
where d.due_at <= :now
  and not exists (
      select from unnest(:left_automations::uuid[], :left_triggers::text[]) as l (automation_id, trigger_id)
      where (l.automation_id, l.trigger_id) = (d.automation_id, d.trigger_id)
  )
  and d.due_at <= coalesce((
      select min(event_at) from (
          select event_at from events
          where evaluated_at is null and retry_at is null and kind in (select kind from listeners where use = 'due')
          order by number
          limit 500
      ) as waiting
  ), :now)
  and not exists (
      select from due_scans s
      where s.automation_id = d.automation_id and s.trigger_id = d.trigger_id
        and s.cursor < d.record_id and s.since < d.due_at
  )
order by d.due_at, d.automation_id, d.trigger_id, d.record_id, d.subject
limit :size
for update of d skip locked;

-- name: put_due!
insert into due_triggers (automation_id, trigger_id, record_id, subject, due_at, told)
select * from unnest(
    :automation_ids::uuid[], :trigger_ids::text[], :record_ids::uuid[], :subjects::text[], :due_ats::timestamptz[], :tolds::jsonb[]
) as planned (automation_id, trigger_id, record_id, subject, due_at, told)
order by automation_id, trigger_id, record_id, subject
on conflict (automation_id, trigger_id, record_id, subject) do update set due_at = excluded.due_at, told = excluded.told;

-- name: drop_due!
-- Locked before, by `lock_due` or `take_due`.
delete from due_triggers d
using unnest(:automation_ids::uuid[], :trigger_ids::text[], :record_ids::uuid[], :subjects::text[])
    as gone (automation_id, trigger_id, record_id, subject)
where (d.automation_id, d.trigger_id, d.record_id, d.subject)
    = (gone.automation_id, gone.trigger_id, gone.record_id, gone.subject);

-- name: insert_due_events!
-- In the order in which they were due; once, however often it is tried. They have the priority of the automation that they concern.
insert into events (id, kind, record_id, event_at, payload, automation_id, trigger_id, idempotency_key, priority)
select id, kind, record_id, due_at, told, automation_id, trigger_id, key,
       coalesce((select document ->> 'priority' from automations a where a.id = fired.automation_id), 'regular')
from unnest(
    :ids::uuid[], :kinds::text[], :automation_ids::uuid[], :trigger_ids::text[], :record_ids::uuid[], :due_ats::timestamptz[],
    :tolds::jsonb[], :keys::text[]
) as fired (id, kind, automation_id, trigger_id, record_id, due_at, told, key)
order by due_at, id
on conflict (idempotency_key) where idempotency_key is not null do nothing;

-- name: list_due
-- What is due next first, of all records or of one; the cursor is the time, record and subject of the last row of the page before.
select d.record_id, r.name, d.subject, d.due_at, d.told
from due_triggers d join records r on r.id = d.record_id
where d.automation_id = :automation_id and d.trigger_id = :trigger_id
  and (:record_id::uuid is null or d.record_id = :record_id)
  and (:after::timestamptz is null
       or (d.due_at, d.record_id, d.subject) > (:after::timestamptz, :after_record::uuid, :after_subject::text))
order by d.due_at, d.record_id, d.subject
limit :size;
