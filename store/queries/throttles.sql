-- name: take_turn_with_throttle!
-- One event at a time for a trigger and a record, until the end of the transaction.
select pg_advisory_xact_lock(hashtextextended(:key, 0));

-- name: fire$
-- Unless the trigger fired for this record within the window, before or after by the time of the event.
insert into firings (automation_id, trigger_id, record_id, fired_at)
select :automation_id, :trigger_id, :record_id, :event_at
where not exists (
    select from firings
    where automation_id = :automation_id and trigger_id = :trigger_id and record_id = :record_id
      and fired_at > :event_at::timestamptz - :quiet::interval and fired_at < :event_at::timestamptz + :quiet::interval
)
returning true;

-- name: find_firing$
-- The nearest one of those that are in the way.
select fired_at from firings
where automation_id = :automation_id and trigger_id = :trigger_id and record_id = :record_id
  and fired_at > :event_at::timestamptz - :quiet::interval and fired_at < :event_at::timestamptz + :quiet::interval
order by greatest(fired_at, :event_at) - least(fired_at, :event_at)
limit 1;

-- name: forget_firings!
-- Those that no event can be quiet after any more.
delete from firings
where automation_id = :automation_id and trigger_id = :trigger_id and record_id = :record_id and fired_at < :before;
