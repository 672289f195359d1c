-- name: insert_record!
-- The record and the event that tells of it, in one statement.
with made as (
    insert into records (id, object_id, name, field_values, stage, owner_id, created_at, updated_at)
    values (:id, :object_id, :name, :field_values, :stage, :owner_id, :now, :now)
    returning id
)
insert into events (id, kind, record_id, event_at, payload, root_id, depth, priority)
select :event_id, 'record_created', id, :now, :event, :root_id, :depth, :priority from made;

-- name: lock_record^
-- What a change is compared with must not change in between.
select * from records where id = :id and deleted_at is null for update;

-- name: update_record!
update records
set name = :name, field_values = :field_values, stage = :stage, owner_id = :owner_id, revision = revision + 1, updated_at = :now
where id = :id;

-- name: set_archived!
-- Asked twice, the second time changes nothing and tells nobody.
with changed as (
    update records
    set archived_at = case when :archived then :now::timestamptz end, revision = revision + 1, updated_at = :now
    where id = :id and (archived_at is not null) <> :archived and deleted_at is null
    returning id
)
insert into events (id, kind, record_id, event_at, root_id, depth, priority)
select :event_id, case when :archived then 'record_archived' else 'record_unarchived' end, id, :now, :root_id, :depth, :priority
from changed;

-- name: read_record^
select r.*, o.api_name as object, o.revision as object_revision
from records r join objects o on o.id = r.object_id
where r.id = :id;

-- name: list_records_by_ids
-- What stands behind the relationships of many records, at once.
select r.*, o.api_name as object, o.revision as object_revision
from records r join objects o on o.id = r.object_id
where r.id = any(:ids::uuid[])
order by r.id;

-- name: list_records
-- In the order they were made; the cursor is the last id of the page before.
select r.*, o.api_name as object, o.revision as object_revision
from records r join objects o on o.id = r.object_id
where r.object_id = :object_id and r.id > coalesce(:cursor::uuid, '00000000-0000-0000-0000-000000000000')
  and (:archived or r.archived_at is null) and r.deleted_at is null
order by r.id
limit :size;

-- name: find_record_by_id^
select r.*, o.api_name as object, o.revision as object_revision
from records r join objects o on o.id = r.object_id
where r.id = :id and r.object_id = :object_id and r.archived_at is null;

-- name: find_record_by_values^
-- The oldest record that holds one of these values. Materialized: the order by id would tempt the planner to read all records.
with found as materialized (
    select * from records
    where field_values @> any(:held::jsonb[]) and object_id = :object_id and archived_at is null
)
select r.*, o.api_name as object, o.revision as object_revision
from found r join objects o on o.id = r.object_id
order by r.id
limit 1;

-- name: find_record_by_name^
-- The oldest of that name, whatever its case.
with found as materialized (
    select * from records where object_id = :object_id and lower(name) = lower(:name) and archived_at is null
)
select r.*, o.api_name as object, o.revision as object_revision
from found r join objects o on o.id = r.object_id
order by r.id
limit 1;

-- name: list_objects_of_records
-- Of which object each of these records is: those that do not exist are not answered.
select r.id, o.api_name as object from records r join objects o on o.id = r.object_id
where r.id = any(:ids::uuid[]) and r.deleted_at is null;

-- name: lock_records
-- Always in one order: two of these must not wait for each other.
select r.*, o.api_name as object, o.revision as object_revision
from records r join objects o on o.id = r.object_id
where r.id = any(:ids::uuid[]) and r.deleted_at is null
order by r.id
for update of r;

-- name: archive_records
-- As set_archived, of many, and in one order.
with locked as (
    select id from records where id = any(:ids::uuid[]) and archived_at is null and deleted_at is null order by id for update
), changed as (
    update records r set archived_at = :now, revision = r.revision + 1, updated_at = :now
    from locked where r.id = locked.id
    returning r.id
)
insert into events (id, kind, record_id, event_at, root_id, depth, priority)
select told.event_id, 'record_archived', changed.id, :now, :root_id, :depth, :priority
from changed join unnest(:ids::uuid[], :event_ids::uuid[]) as told (id, event_id) using (id)
returning record_id;
