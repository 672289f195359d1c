-- name: list_last_runs
-- The newest step run of each of these lanes.
select s.*
from unnest(:lanes::text[]) as l (lane)
cross join lateral (
    select * from step_runs where execution_id = :id and lane = l.lane order by sequence desc limit 1
) s;

-- name: read_last_run^
select * from step_runs where execution_id = :id order by sequence desc limit 1;

-- name: list_failed_runs
-- The newest ones first.
select * from step_runs where execution_id = :id and status = 'failed' order by sequence desc limit :size;
