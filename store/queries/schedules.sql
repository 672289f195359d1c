-- name: lock_schedules
-- Those of an automation, so that two saves do not count from different times.
select * from schedules where automation_id = :automation_id order by schedule_id for update;

-- name: put_schedule!
-- Temporal is told of a new revision by whichever worker comes by.
insert into schedules (schedule_id, automation_id, trigger_id, definition, paused, sync_at)
values (:schedule_id, :automation_id, :trigger_id, :definition, :paused, :now)
on conflict (schedule_id) do update
set automation_id = excluded.automation_id, definition = excluded.definition, paused = excluded.paused,
    revision = schedules.revision + 1, sync_at = excluded.sync_at;

-- name: drop_schedules!
-- Temporal forgets them first, the rows go after that.
update schedules
set definition = null, revision = revision + 1, sync_at = :now
where automation_id = :automation_id and definition is not null and not trigger_id = any(:kept::text[]);

-- name: resync_schedules!
-- Those whose times hang on the business's timezone.
update schedules
set revision = revision + 1, sync_at = :now
where definition is not null and definition -> 'trigger' ->> 'timezone' is null;

-- name: take_schedules_to_sync
-- Takes them by setting when they are due again: another worker does not see them, and one that dies now loses none.
update schedules s
set sync_at = :again_at
where s.ctid = any(array(
    select ctid from schedules where sync_at <= :now order by sync_at limit :size for update skip locked
))
returning s.*, (select document ->> 'name' from automations a where a.id = s.automation_id) as automation_name;

-- name: mark_schedule_synced!
-- Unless it was changed in the meantime: then that is due.
update schedules
set synced_revision = :revision, refresh_at = :refresh_at, problem = null,
    sync_at = case when revision = :revision then :sync_at else sync_at end
where schedule_id = :schedule_id;

-- name: mark_schedule_unsynced!
update schedules
set problem = :problem, sync_at = case when revision = :revision then :sync_at else sync_at end
where schedule_id = :schedule_id;

-- name: forget_schedule!
delete from schedules where schedule_id = :schedule_id and revision = :revision and definition is null;

-- name: read_schedule^
-- With what its firing needs to know of the automation. `was_active`: it was at a moment, and was switched off since.
select s.*, a.object_id, a.active, exists (
    select from activations v where v.automation_id = a.id and v.activated_at <= :moment and :moment < v.deactivated_at
) as was_active
from schedules s join automations a on a.id = s.automation_id
where s.automation_id = :automation_id and s.trigger_id = :trigger_id and s.definition is not null;

-- name: insert_planned_events!
-- Once for a planned time and a record, however often it is tried. They have the priority of the automation that they concern.
insert into events (id, kind, record_id, event_at, payload, automation_id, trigger_id, idempotency_key, priority)
select id, 'schedule', record_id, :event_at, :payload, :automation_id, :trigger_id, key,
       coalesce((select document ->> 'priority' from automations where id = :automation_id), 'regular')
from unnest(:ids::uuid[], :record_ids::uuid[], :keys::text[]) as told (id, record_id, key)
on conflict (idempotency_key) where idempotency_key is not null do nothing;
