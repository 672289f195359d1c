-- name: hold_record_of_activity^
-- What is done to the crm activities of a record is done one after the other, and not while it is archived. As strong as a change
-- of the record, so that its events are numbered in the order in which they are committed.
select id, archived_at from records where id = :id and deleted_at is null for no key update;

-- name: hold_record_by_activity^
-- The same, for who knows the crm activity. It never moves to another record.
select id, archived_at from records
where id = (select record_id from crm_activities where id = :id)
for no key update;

-- name: insert_crm_activity^
insert into crm_activities (
    id, record_id, type, status, note, due_at, assigned_to, assigned_role, execution_id, by, created_at, updated_at, completed_at
)
values (
    :id, :record_id, :type, :status, :note, :due_at, :assigned_to, :assigned_role, :execution_id, :by, :now, :now, :completed_at
)
returning *;

-- name: update_crm_activity^
update crm_activities
set status = :status, note = :note, due_at = :due_at, assigned_to = :assigned_to, assigned_role = :assigned_role, by = :by,
    completed_at = :completed_at, updated_at = :now
where id = :id
returning *;

-- name: read_crm_activity^
select * from crm_activities where id = :id;

-- name: list_crm_activities
-- Newest first, a page at a time: the cursor is the last id of the page before.
select * from crm_activities
where record_id = :record_id and (not :open::boolean or status = 'scheduled')
  and id < coalesce(:cursor::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit :size;

-- name: list_activities_to_cancel
-- Of these records what is still to be done, of some types or of any, by whom it was scheduled: one execution, any of an automation,
-- or anybody. Those of archived records are left alone. One more than the size tells that there are more.
select c.id
from crm_activities c
join records r on r.id = c.record_id and r.archived_at is null
where c.record_id = any(:record_ids::uuid[]) and c.status = 'scheduled'
  and (:types::text[] is null or c.type = any(:types))
  and (:execution_id::uuid is null or c.execution_id = :execution_id)
  and (:automation_id::uuid is null or exists (
      select from executions e where e.id = c.execution_id and e.automation_id = :automation_id))
order by c.record_id, c.id
limit :size;
