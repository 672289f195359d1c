-- name: follow_field
-- The records that a relationship field of these records names: those that are there. One more than the size tells that there are more.
select distinct r.id
from records holder
cross join lateral jsonb_array_elements_text(case jsonb_typeof(holder.field_values -> :field::text)
    when 'array' then holder.field_values -> :field::text else '[]' end) as named (id)
join records r on r.id = named.id::uuid
where holder.id = any(:ids::uuid[]) and r.archived_at is null
order by r.id
limit :size;

-- name: follow_back
-- The records of an object whose relationship field names one of these records.
select distinct r.id
from unnest(:ids::uuid[]) as named (id)
join records r on r.field_values @> jsonb_build_object(:field::text, jsonb_build_array(named.id::text))
where r.object_id = (select id from objects where api_name = :object) and r.archived_at is null
order by r.id
limit :size;
