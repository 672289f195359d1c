-- name: wipe_record!
-- The row stays for what points at it, archived for all that passes over archived ones, and holds nothing that anybody wrote.
update records
set name = '', field_values = '{}', stage = null, owner_id = null, archived_at = coalesce(archived_at, :now), deleted_at = :now,
    revision = revision + 1, updated_at = :now
where id = :id;

-- name: wipe_events_of_record!
-- Those that nobody has looked at yet are passed over: they would be looked at without what they tell.
update events set payload = '{}', evaluated_at = coalesce(evaluated_at, :now) where record_id = :id;

-- name: wipe_evaluations_of_record!
-- Their details quote values. Found by the events, each by its index.
update evaluations v set detail = null
from events e
where e.record_id = :id and v.event_id = e.id and v.detail is not null;

-- name: wipe_deliveries_of_record!
update webhook_deliveries d set body = '', query = '', detail = null
from events e
where e.record_id = :id and e.kind = 'webhook' and d.event_id = e.id;

-- name: wipe_activities_of_record!
update crm_activities
set note = '', by = '', status = case when status = 'scheduled' then 'canceled' else status end, updated_at = :now
where record_id = :id;

-- name: wipe_messages_of_record!
-- What it was sent, and what was sent about it. Of an error only the code stays: its sentence may name who was to get it.
update messages
set recipients = '{}', cc = '{}', refused = '{}', subject = '', body = '', html = null, unsubscribe_token = null,
    error = case when error is not null then jsonb_build_object('code', error ->> 'code', 'sentence', '') end, updated_at = :now
where id in (
    select id from messages where record_id = :id
    union all
    select m.id from executions e join messages m on m.execution_id = e.id where e.record_id = :id
);

-- name: wipe_texts_of_record!
update incoming_texts set sender = '', body = '' where record_id = :id;

-- name: drop_due_of_record!
-- By the triggers of its object, as what is due is found by its trigger first. In the order in which all lock several of them.
with held as materialized (
    select d.automation_id, d.trigger_id, d.record_id, d.subject
    from (select distinct automation_id, trigger_id from listeners where object_id = :object_id and use = 'due') l
    join due_triggers d on d.automation_id = l.automation_id and d.trigger_id = l.trigger_id and d.record_id = :id
    order by d.automation_id, d.trigger_id, d.record_id, d.subject
    for update of d
)
delete from due_triggers d using held h
where (d.automation_id, d.trigger_id, d.record_id, d.subject) = (h.automation_id, h.trigger_id, h.record_id, h.subject);
