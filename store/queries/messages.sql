-- name: queue_message^
-- One for each place of a step run. A further attempt may say it anew, unless it was sent or may have been.
insert into messages (
    id, execution_id, sequence, place, channel, record_id, sender, recipients, cc, subject, body, html, template, state,
    unsubscribe_token, created_at, updated_at
) values (
    :id, :execution_id, :sequence, :place, :channel, :record_id, :sender, :recipients, :cc, :subject, :body, :html, :template,
    'queued', :unsubscribe_token, :now, :now
)
on conflict (execution_id, sequence, place) do update
set state = 'queued', error = null, record_id = excluded.record_id, sender = excluded.sender, recipients = excluded.recipients,
    cc = excluded.cc, subject = excluded.subject, body = excluded.body, html = excluded.html, template = excluded.template,
    unsubscribe_token = coalesce(messages.unsubscribe_token, excluded.unsubscribe_token), updated_at = excluded.updated_at
where messages.state <> 'sent' and messages.in_doubt = 0
returning *;

-- name: find_message^
select * from messages where execution_id = :execution_id and sequence = :sequence and place = :place;

-- name: list_message_places
select record_id, recipients, place from messages where execution_id = :execution_id and sequence = :sequence order by place;

-- name: hand_message_over$
-- Not by an attempt after which another began.
update messages m set in_doubt = in_doubt + 1, updated_at = :now
where id = :id and exists (
    select from step_runs s
    where s.execution_id = m.execution_id and s.sequence = m.sequence and s.attempt = :attempt
      and s.status in ('running', 'retrying')
)
returning in_doubt;

-- name: mark_message_sent!
update messages
set state = 'sent', in_doubt = 0, error = null, provider_id = :provider_id, delivery = :delivery, refused = :refused,
    sent_at = :now, updated_at = :now
where id = :id;

-- name: mark_message_failed!
-- The doubt about hand-overs before this one stays; what another attempt has sent in the meantime is sent.
update messages
set state = 'failed', in_doubt = greatest(in_doubt - 1, 0), error = :error, updated_at = :now
where id = :id and state <> 'sent';

-- name: mark_message_refused!
update messages set in_doubt = greatest(in_doubt - 1, 0), error = :error, updated_at = :now
where id = :id and state <> 'sent';

-- name: read_message^
select m.*, a.api_name as automation
from messages m
join executions e on e.id = m.execution_id
join automations a on a.id = e.automation_id
where m.id = :id;

-- name: list_messages
-- Newest first, a page at a time: the cursor is the last id of the page before. Each way to ask has an index of its own.
with page as (
    (select * from messages
     where :record_id::uuid is null and :execution_id::uuid is null and :state::text is null
       and (:channel::text is null or channel = :channel) and id < coalesce(:cursor::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
       and (:automations::uuid[] is null
            or exists (select from executions e where e.id = execution_id and e.automation_id = any(:automations)))
     order by id desc limit :size)
    union all
    (select * from messages
     where :record_id is null and :execution_id is null and state = :state
       and (:channel is null or channel = :channel) and id < coalesce(:cursor::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
       and (:automations::uuid[] is null
            or exists (select from executions e where e.id = execution_id and e.automation_id = any(:automations)))
     order by id desc limit :size)
    union all
    (select * from messages
     where :execution_id is null and record_id = :record_id
       and (:channel is null or channel = :channel) and (:state is null or state = :state)
       and id < coalesce(:cursor::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
       and (:automations::uuid[] is null
            or exists (select from executions e where e.id = execution_id and e.automation_id = any(:automations)))
     order by id desc limit :size)
    union all
    (select * from messages
     where execution_id = :execution_id and (:record_id is null or record_id = :record_id)
       and (:channel is null or channel = :channel) and (:state is null or state = :state)
       and id < coalesce(:cursor::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
       and (:automations::uuid[] is null
            or exists (select from executions e where e.id = execution_id and e.automation_id = any(:automations)))
     order by id desc limit :size)
)
select m.id, m.execution_id, m.sequence, m.place, m.channel, m.record_id, m.sender, m.recipients, m.cc, m.subject, m.template,
       m.state, m.in_doubt, m.refused, m.error, m.provider_id, m.delivery, m.created_at, m.updated_at, m.sent_at,
       (select a.api_name from executions e join automations a on a.id = e.automation_id where e.id = m.execution_id) as automation
from page m
order by m.id desc;
