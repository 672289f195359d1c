-- name: be_impatient$
-- Until the end of the transaction, or until `be_patient`. Answers how long it was before.
with before as materialized (select current_setting('lock_timeout') as patience)
select patience from before, lateral (select set_config('lock_timeout', :lock_ms, true) as set) as changed where changed.set is not null;

-- name: be_patient$
select set_config('lock_timeout', :lock_timeout, true);
