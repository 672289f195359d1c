-- name: measure_backlog^
-- Each count reads a bounded part of an index, however many rows there are.
select (select count(*) from (select 1 from executions where state = 'active' limit :most) e) as active,
       (select count(*) from (select 1 from executions where state = 'paused' limit :most) e) as paused,
       (select count(*) from (select 1 from executions where state = 'retrying' limit :most) e) as retrying,
       (select count(*) from (
           select 1 from executions where not workflow_started and finished_at is null and launch_at <= :now limit :most
       ) e) as to_launch,
       (select count(*) from (select 1 from failing_workflows limit :most) f) as failing,
       (select count(*) from (select 1 from events where evaluated_at is null limit :most) e) as events,
       (select id from (
           (select id, number from events where evaluated_at is null and retry_at is null and priority = 'regular'
            order by number limit 1)
           union all
           (select id, number from events where evaluated_at is null and retry_at is null and priority = 'low'
            order by number limit 1)
       ) e order by number limit 1) as oldest_event,
       (select count(*) from (
           select 1 from events where evaluated_at is null and retry_at is not null limit :most
       ) e) as events_set_aside,
       (select count(*) from (select 1 from evaluations where outcome = 'waiting' limit :most) e) as evaluations_waiting;

-- name: count_ended_executions
-- Of a short time only, newest first: a busy minute has thousands.
select state, count(*) as ended
from (select state from executions where finished_at > :since order by finished_at desc limit :most) e
group by state;
