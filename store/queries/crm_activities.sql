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
insert into crm_activities (id, record_id, type, status, note, due_at, assigned_to, by, created_at, updated_at, completed_at)
values (:id, :record_id, :type, :status, :note, :due_at, :assigned_to, :by, :now, :now, :completed_at)
returning *;

-- name: update_crm_activity^
update crm_activities
set status = :status, note = :note, due_at = :due_at, assigned_to = :assigned_to, by = :by, completed_at = :completed_at,
    updated_at = :now
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
