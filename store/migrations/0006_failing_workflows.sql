-- Executions whose workflow task fails again and again
-- depends: 0005_actions

-- migrate: apply
-- Temporal tries them again for ever; whoever finds them keeps them here until they go on.
create table failing_workflows (
    execution_id uuid primary key references executions on delete cascade,
    attempts integer not null,
    reason text not null,
    found_at timestamptz not null
);

-- migrate: rollback
drop table failing_workflows;
