-- name: take_turn_with_match!
-- Who looks for a record by the same value waits until it is there for all.
select pg_advisory_xact_lock(hashtextextended(:key, 0));

-- name: find_matches_by_value
-- Materialized: the order by id would tempt the planner to read all records.
with found as materialized (
    select id, archived_at from records where field_values @> :held and object_id = :object_id and deleted_at is null
)
select id, archived_at from found order by archived_at is not null, id limit :size;

-- name: find_matches_by_name
-- Whatever its case.
with found as materialized (
    select id, archived_at from records where object_id = :object_id and lower(name) = lower(:name) and deleted_at is null
)
select id, archived_at from found order by archived_at is not null, id limit :size;

-- name: list_taken_names
-- The places of those names that records have, whatever their case.
select c.place::integer as place
from unnest(:names::text[]) with ordinality as c (name, place)
where (select true from records r
       where r.object_id = :object_id and lower(r.name) = lower(c.name) and r.deleted_at is null limit 1);
