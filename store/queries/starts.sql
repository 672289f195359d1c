-- name: count_start$
-- The starts of the event's minute with this one. Events that come an hour later have others to be counted with.
with old as (
    delete from start_counts
    where automation_id = :automation_id and minute < date_trunc('minute', :event_at::timestamptz) - interval '1 hour'
)
insert into start_counts (automation_id, minute, starts)
values (:automation_id, date_trunc('minute', :event_at::timestamptz), 1)
on conflict (automation_id, minute) do update set starts = start_counts.starts + 1
returning starts;

-- name: list_starts_in_chain
-- How often a chain has started each of these automations, by record. A restart is a person's doing, and not the chain's.
select automation_id, record_id, count(*) as starts
from executions
where root_id = :root_id and automation_id = any(:automation_ids::uuid[]) and restarted_from is null
group by automation_id, record_id;
