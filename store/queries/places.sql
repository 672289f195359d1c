-- name: place_of_automation^
select o.api_name as object, a.api_name as automation
from automations a left join objects o on o.id = a.object_id
where a.api_name = :key and a.deleted_at is null;

-- name: place_of_execution^
select o.api_name as object, a.api_name as automation
from executions e join automations a on a.id = e.automation_id left join objects o on o.id = a.object_id
where e.id = :key;

-- name: place_of_record^
select o.api_name as object, null as automation from records r join objects o on o.id = r.object_id where r.id = :key;

-- name: place_of_activity^
select o.api_name as object, null as automation
from crm_activities c join records r on r.id = c.record_id join objects o on o.id = r.object_id
where c.id = :key;

-- name: place_of_event^
-- Of the record that it happened to, and of the automation if it concerns one alone.
select o.api_name as object, a.api_name as automation
from events e
left join records r on r.id = e.record_id left join objects o on o.id = r.object_id
left join automations a on a.id = e.automation_id
where e.id = :key;

-- name: place_of_bulk_start^
select o.api_name as object, a.api_name as automation
from bulk_starts b join automations a on a.id = b.automation_id left join objects o on o.id = a.object_id
where b.id = :key;

-- name: place_of_delivery^
select o.api_name as object, a.api_name as automation
from webhook_deliveries d join automations a on a.id = d.automation_id left join objects o on o.id = a.object_id
where d.id = :key;

-- name: place_of_message^
select o.api_name as object, a.api_name as automation
from messages m join executions e on e.id = m.execution_id join automations a on a.id = e.automation_id
left join objects o on o.id = a.object_id
where m.id = :key;

-- name: list_reached_automations
-- Those of some objects, and some by name; deleted ones too, whose executions are still there.
select a.id from automations a left join objects o on o.id = a.object_id
where o.api_name = any(:objects::text[]) or a.api_name = any(:automations::text[]);

-- name: list_reached_objects
select id from objects where api_name = any(:objects::text[]);
