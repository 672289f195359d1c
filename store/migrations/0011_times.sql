-- When automations were active, and which events were told of with a time of their own
-- depends: 0010_relay

-- migrate: apply

-- When an automation was active, up to each time that it was switched off. Since when it is active now it says itself.
create table activations (
    automation_id uuid not null references automations on delete cascade,
    activated_at timestamptz not null,
    deactivated_at timestamptz not null,
    primary key (automation_id, activated_at)
);

-- When it was told of, where the sender said when it had happened.
alter table events add column reported_at timestamptz;

-- migrate: rollback
alter table events drop column reported_at;
drop table activations;
