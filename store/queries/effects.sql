-- name: write_effects!
with told as (
    select * from unnest(:kinds::text[], :keys::text[]) as t (kind, key)
), gone as (
    delete from effects e
    where e.automation_id = :automation_id and not exists (select from told t where (t.kind, t.key) = (e.kind, e.key))
)
insert into effects (automation_id, object_id, kind, key)
select :automation_id, :object_id, kind, key from told
on conflict (automation_id, kind, key) do update set object_id = excluded.object_id;

-- name: list_set_off
-- Which automations that listen are set off by each of these.
select e.automation_id as source, a.id as target, a.api_name
from effects e
join listeners l on l.use = 'start' and l.object_id = e.object_id and l.kind = e.kind and l.key = e.key
join automations a on a.id = l.automation_id and a.active
where e.automation_id = any(:automation_ids::uuid[]) and e.kind = 'field_updated'
union
select e.automation_id, a.id, a.api_name
from effects e join automations a on a.api_name = e.key and a.active
where e.automation_id = any(:automation_ids::uuid[]) and e.kind = 'start'
order by api_name;
