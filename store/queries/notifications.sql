-- name: insert_notification!
-- One for each step run and place, however often its failure is written down.
insert into notifications (id, execution_id, sequence, place, severity, recipient, subject, body, created_at, next_attempt_at)
values (:id, :execution_id, :sequence, :place, :severity, :recipient, :subject, :body, :now, :now)
on conflict (execution_id, sequence, place) do nothing;

-- name: insert_notification_of_switch!
insert into notifications (id, kill_switch_id, severity, recipient, subject, body, created_at, next_attempt_at)
values (:id, :kill_switch_id, :severity, :recipient, :subject, :body, :now, :now)
on conflict (kill_switch_id) do nothing;

-- name: take_due_notifications
-- Takes what is due by setting its next attempt: another worker does not see it, and one that dies while it sends loses nothing.
with due as (
    select id from notifications
    where sent_at is null and given_up_at is null and next_attempt_at <= :now
    order by next_attempt_at
    limit :size
    for update skip locked
)
update notifications n
set attempts = n.attempts + 1,
    next_attempt_at = :now + least(interval '1 minute' * power(2, least(n.attempts, 10)), interval '1 hour')
from due
where n.id = due.id
returning n.id, n.execution_id, n.place, n.recipient, n.subject, n.body, n.attempts,
          (select workflow_id from executions where id = n.execution_id) as workflow_id;

-- name: mark_notification_sent!
update notifications set sent_at = :now, error = null where id = :id;

-- name: mark_notification_failed^
-- Given up for good where the mail server refuses it, and after a day.
update notifications
set error = :error, given_up_at = case when :for_good or created_at + interval '24 hours' <= :now then :now end
where id = :id
returning next_attempt_at, given_up_at;

-- name: list_notifications
-- What was told of one execution, in the order of its steps.
select * from notifications where execution_id = :id order by sequence, place;
