-- name: insert_audit!
insert into audit (id, at, key_id, actor, action, kind, target, why, before, after, request_id)
values (:id, :at, :key_id, :actor, :action, :kind, :target, :why, :before, :after, :request_id);

-- name: list_audit
-- Newest first.
select a.*, k.name as key_name
from audit a
left join api_keys k on k.id = a.key_id
where (:kind::text is null or a.kind = :kind)
  and (:target::text is null or a.target = :target)
  and (:action::text is null or a.action = :action)
  and (:key_id::uuid is null or a.key_id = :key_id)
  and (:since::timestamptz is null or a.at >= :since)
  and (:until::timestamptz is null or a.at < :until)
  and (:cursor::uuid is null or a.id < :cursor)
order by a.id desc
limit :size;
