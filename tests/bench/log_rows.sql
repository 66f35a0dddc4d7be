-- A year of a busy installation: bench.jobs jobs, five entries each on average, one record with ten thousand of them, one job with a fifth of
-- a million. Every count equals its rows. Foreign keys are not checked row by row: the rows are right by construction.
SET session_replication_role = replica;

CREATE TEMP TABLE bench AS SELECT current_setting('bench.jobs')::bigint AS jobs;

CREATE TEMP TABLE code AS
SELECT ordinality - 1 AS number, code FROM unnest(ARRAY[
  'too-long', 'not-coupled', 'conflict', 'refused', 'unknown-option', 'busy', 'deleted', 'required'
]) WITH ORDINALITY AS code (code, ordinality);

INSERT INTO joblog_errorcause (mapping_id, mapping_name, company, direction, code, fields, field_labels, missing, records, ignored, failures, message)
SELECT mapping.id, mapping.name, 'CRONUS', way.direction, code.code, 'displayName', 'Name', '', 0, 0, 0, 'Name is not good.'
FROM mappings_integrationtablemapping AS mapping, unnest(ARRAY['ToIntegrationTable', 'FromIntegrationTable']) AS way (direction), code
WHERE mapping.name <> 'VENDOR';

-- Who has some of the errors: the person who opens the pages, and another one.
INSERT INTO auth_user (username, password, first_name, last_name, email, is_superuser, is_staff, is_active, date_joined)
SELECT name, '!', '', '', '', false, false, true, now() FROM unnest(ARRAY['anna', 'berta']) AS name;

CREATE TEMP TABLE person AS SELECT id, username FROM auth_user WHERE username IN ('anna', 'berta');

CREATE TEMP TABLE job AS
SELECT
  one.id,
  mapping.id AS mapping_id,
  mapping.name AS mapping_name,
  CASE WHEN one.id % 2 = 0 OR mapping.name = 'CURRENCY' THEN 'ToIntegrationTable' ELSE 'FromIntegrationTable' END AS direction,
  now() - interval '365 days' * (bench.jobs - one.id) / bench.jobs AS started_at,
  CASE WHEN one.id = bench.jobs * 9 / 10 THEN bench.jobs / 5 WHEN one.id % 10 < 6 THEN 0 WHEN one.id % 10 < 9 THEN 8 ELSE 24 END AS entries,
  one.id % greatest(10, bench.jobs / 10000 / 10 * 10) = 6 AS hot
FROM bench CROSS JOIN LATERAL generate_series(1, bench.jobs) AS one (id)
JOIN mappings_integrationtablemapping AS mapping ON mapping.name = CASE
  WHEN one.id * 7919 % 100 < 30 THEN 'CUSTOMER' WHEN one.id * 7919 % 100 < 60 THEN 'CONTACT'
  WHEN one.id * 7919 % 100 < 80 THEN 'ITEM-PRODUCT' WHEN one.id * 7919 % 100 < 90 THEN 'CURRENCY' ELSE 'SALESPEOPLE' END;

INSERT INTO joblog_synchentry (
  job_id, action, intended, source_key, source_label, destination_key, destination_label, coupling_id, changes, code, fields, message, detail,
  at, resolved_at, cause_id, issue, first_seen_at, attempts, note, ignored_at, owner_id
)
SELECT
  row.job_id, row.action, '',
  CASE WHEN row.hot AND row.number = 1 THEN '00000000-0000-4000-8000-000000000000' ELSE md5('s' || row.record)::uuid::text END,
  row.record || ' Customer ' || row.record, md5('d' || row.record)::uuid::text, 'Customer ' || row.record, row.record,
  CASE WHEN row.action IN ('Modified', 'Inserted') THEN
    '[{"field": "telephone1", "label": "Phone", "old": "555 0100", "new": "555 0199"},
      {"field": "address1_city", "label": "City", "old": "Graz", "new": "Linz"}]'::jsonb ELSE '[]'::jsonb END,
  coalesce(cause.code, ''), '[]',
  CASE WHEN cause.id IS NULL THEN '' ELSE 'Name has 120 characters, Name in Dynamics 365 Sales holds 100.' END,
  '{}', row.started_at, CASE WHEN cause.id IS NOT NULL AND NOT row.open THEN row.started_at + interval '1 hour' END,
  cause.id, cause.id IS NOT NULL AND row.last, CASE WHEN cause.id IS NOT NULL THEN row.started_at END,
  CASE WHEN cause.id IS NOT NULL THEN 1 ELSE 0 END, '',
  CASE WHEN cause.id IS NOT NULL AND row.open AND row.record / 7 % 10 = 0 THEN row.started_at + interval '2 hours' END, person.id
FROM (
  SELECT
    job.id AS job_id, job.mapping_id, job.direction, job.started_at, job.hot, number,
    (job.id * 13 + number * 7919) % 300000 AS record,
    (job.id * 31 + number * 17) % 8 AS code,
    CASE (job.id * 31 + number * 17) % 50
      WHEN 0 THEN 'Deleted' WHEN 1 THEN 'Coupled' WHEN 2 THEN 'Uncoupled' WHEN 3 THEN 'Skipped' WHEN 4 THEN 'Skipped' WHEN 5 THEN 'Failed'
      WHEN 6 THEN 'Failed' WHEN 7 THEN 'Failed' WHEN 8 THEN 'Failed' WHEN 9 THEN 'Inserted' WHEN 10 THEN 'Inserted' ELSE 'Modified' END AS action,
    (job.id + number) % 2 = 0 AS last,
    job.id > bench.jobs * 3 / 4 AND (job.id + number) % 4 = 0 AS open
  FROM bench, job, generate_series(1, job.entries) AS number
) AS row
LEFT JOIN code ON code.number = row.code AND (row.action = 'Failed' OR row.action = 'Skipped' AND row.code < 4)
LEFT JOIN joblog_errorcause AS cause ON cause.mapping_id = row.mapping_id AND cause.direction = row.direction AND cause.code = code.code
LEFT JOIN person ON cause.id IS NOT NULL AND row.last AND person.username = CASE row.record / 100 % 20 WHEN 1 THEN 'anna' WHEN 2 THEN 'berta' END;

INSERT INTO joblog_synchjob (
  id, mapping_id, mapping_name, company, mapping_version, type, direction, status, trigger, user_name, scope, source_label, destination_label,
  started_at, finished_at, phase, read, inserted, modified, deleted, unchanged, skipped, failed, coupled, uncoupled, conflicts, open_issues,
  bc_requests, sales_requests, timings, cursor, code, message, call_stack, counted
)
SELECT
  job.id, job.mapping_id, job.mapping_name, 'CRONUS', 1,
  CASE WHEN job.id % 97 = 0 THEN 'Preview' WHEN job.id % 193 = 0 THEN 'Full' WHEN job.id % 211 = 0 THEN 'Coupling'
    WHEN job.id % 307 = 0 THEN 'Uncoupling' WHEN job.id % 1009 = 0 THEN 'Find for Deleted' WHEN job.id % 53 = 0 THEN 'Statistics'
    ELSE 'Synchronization' END,
  job.direction,
  CASE WHEN job.id > bench.jobs - 3 THEN 'In Process' WHEN job.id % 61 = 0 THEN 'Error' WHEN job.id % 5003 = 0 THEN 'Canceled'
    ELSE 'Finished' END,
  CASE WHEN job.id % 41 = 0 THEN 'person' WHEN job.id % 83 = 0 THEN 'retry' WHEN job.id % 4001 = 0 THEN 'command'
    WHEN job.id % 7 = 0 THEN 'change' ELSE 'schedule' END,
  CASE WHEN job.id % 82 = 0 THEN 'anna' WHEN job.id % 41 = 0 THEN 'berta' ELSE '' END,
  '{}', 'Customer', 'Account', job.started_at,
  CASE WHEN job.id > bench.jobs - 3 THEN NULL ELSE job.started_at + interval '1 second' * (1 + job.id % 90) END, '',
  job.entries + job.id % 500, coalesce(counted.inserted, 0), coalesce(counted.modified, 0), coalesce(counted.deleted, 0), job.id % 500,
  coalesce(counted.skipped, 0), coalesce(counted.failed, 0), coalesce(counted.coupled, 0), coalesce(counted.uncoupled, 0),
  coalesce(counted.conflicts, 0), coalesce(counted.open_issues, 0), 2, 3, '{"read": 0.5, "save": 0.1}', '{}', CASE WHEN job.id % 61 = 0 THEN 'sign-in' ELSE '' END,
  CASE WHEN job.id % 61 = 0 THEN 'Dynamics 365 Sales does not accept the sign-in. Check the registration of the application there.' ELSE '' END,
  '', true
FROM bench, job LEFT JOIN (
  SELECT
    job_id,
    count(*) FILTER (WHERE action = 'Inserted') AS inserted, count(*) FILTER (WHERE action = 'Modified') AS modified,
    count(*) FILTER (WHERE action = 'Deleted') AS deleted, count(*) FILTER (WHERE action = 'Skipped') AS skipped,
    count(*) FILTER (WHERE action = 'Failed') AS failed, count(*) FILTER (WHERE action = 'Coupled') AS coupled,
    count(*) FILTER (WHERE action = 'Uncoupled') AS uncoupled, count(*) FILTER (WHERE code = 'conflict') AS conflicts,
    count(*) FILTER (WHERE issue AND resolved_at IS NULL AND ignored_at IS NULL) AS open_issues
  FROM joblog_synchentry GROUP BY job_id
) AS counted ON counted.job_id = job.id;

INSERT INTO joblog_jobline (job_id, at, level, logger, text, left_out)
SELECT job.id, job.started_at, 'INFO', 'joblog.job_story', 'Records of the window: 500 read, 500 unchanged in 0.6 s; requests: 2 to Business Central', 0
FROM job, generate_series(1, 4);

UPDATE joblog_errorcause AS cause
SET records = counted.records, ignored = counted.ignored, failures = counted.failures, first_seen_at = counted.first, last_seen_at = counted.last
FROM (
  SELECT
    cause_id, count(*) FILTER (WHERE issue AND resolved_at IS NULL AND ignored_at IS NULL) AS records,
    count(*) FILTER (WHERE issue AND resolved_at IS NULL AND ignored_at IS NOT NULL) AS ignored, count(*) AS failures,
    min(at) AS first, max(at) AS last
  FROM joblog_synchentry WHERE cause_id IS NOT NULL GROUP BY cause_id
) AS counted WHERE counted.cause_id = cause.id;

SELECT setval(pg_get_serial_sequence('joblog_synchjob', 'id'), (SELECT max(id) FROM joblog_synchjob));
SET session_replication_role = origin;
