-- Purging finds what points at it, and only new events wake the relay
-- depends: 0011_times

-- migrate: apply
-- Whoever deletes executions, events, messages or deliveries has Postgres look for what points at each of them.
create index bulk_start_records_by_execution on bulk_start_records (execution_id) where execution_id is not null;
create index crm_activities_by_execution on crm_activities (execution_id) where execution_id is not null;
create index evaluations_by_execution on evaluations (execution_id) where execution_id is not null;
create index executions_by_event on executions (event_id) where event_id is not null;
create index goal_waits_by_met_event on goal_waits (met_event) where met_event is not null;
create index incoming_texts_by_event on incoming_texts (event_id);
create index suppressions_by_message on suppressions (message_id) where message_id is not null;
create index webhook_deliveries_by_execution on webhook_deliveries (execution_id) where execution_id is not null;
create index webhook_deliveries_by_replay on webhook_deliveries (replay_of) where replay_of is not null;

-- Each step's statement may insert events, and most insert none.
create or replace function tell_of_events() returns trigger language plpgsql as $$
begin
    if exists (select from inserted) then
        notify everstep_events;
    end if;
    return null;
end $$;
drop trigger tell_of_events on events;
create trigger tell_of_events after insert on events
    referencing new table as inserted for each statement execute function tell_of_events();

-- migrate: rollback
create or replace function tell_of_events() returns trigger language plpgsql as $$
begin
    notify everstep_events;
    return null;
end $$;
drop trigger tell_of_events on events;
create trigger tell_of_events after insert on events for each statement execute function tell_of_events();
drop index bulk_start_records_by_execution, crm_activities_by_execution, evaluations_by_execution, executions_by_event,
    goal_waits_by_met_event, incoming_texts_by_event, suppressions_by_message, webhook_deliveries_by_execution,
    webhook_deliveries_by_replay;
