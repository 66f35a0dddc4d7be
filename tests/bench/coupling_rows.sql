-- bench.couplings couplings of a busy installation, nine tenths in sync: names of people and of firms, numbers as Business Central gives them.
-- Foreign keys are not checked row by row: the rows are right by construction.
SET session_replication_role = replica;

CREATE TEMP TABLE word AS
SELECT ordinality - 1 AS number, first, second FROM unnest(
  ARRAY['Adatum', 'Contoso', 'Fabrikam', 'Litware', 'Northwind', 'Proseware', 'Relecloud', 'Tailspin', 'Trey', 'Wingtip', 'Alpine', 'Ärzte'],
  ARRAY['Corporation', 'Toys', 'Ski House', 'Works', 'Traders', 'Insurance', 'Bank', 'Hotel', 'Research', 'Logistics', 'Pharma', 'GmbH']
) WITH ORDINALITY AS word (first, second, ordinality);

INSERT INTO mappings_coupling (
  mapping_id, bc_key, sales_key, bc_number, bc_label, sales_label, pending, pending_since, skipped, baseline, bc_modified_at,
  sales_modified_at, bc_etag, sales_etag, to_result, to_job_id, to_error, from_result, from_job_id, from_error, last_error, failed_at,
  last_synch_at, created_at, origin, template_owed, gone, differs_since
)
SELECT
  row.mapping_id, md5('b' || row.id)::uuid::text, CASE WHEN row.pending THEN NULL ELSE md5('s' || row.id)::uuid::text END,
  row.code, row.code || ' ' || row.name, CASE WHEN row.pending THEN '' ELSE row.name END,
  CASE WHEN row.pending THEN 'ToIntegrationTable' ELSE '' END, CASE WHEN row.pending THEN row.at END, row.skipped,
  CASE WHEN row.pending THEN '{}'::jsonb ELSE jsonb_build_object(
    'displayName|name', jsonb_build_array(row.name, row.name), 'city|address1_city', '["Graz", "Graz"]'::jsonb,
    'phoneNumber|telephone1', '["555 0100", "555 0100"]'::jsonb, 'email|emailaddress1', '["office@example.com", "office@example.com"]'::jsonb
  ) END,
  row.at, row.at, 'W/"' || row.id || '"', 'W/"' || row.id || '"',
  CASE WHEN row.failed OR row.skipped OR row.pending THEN 'Failure' WHEN row.fresh THEN '' ELSE 'Success' END, row.id,
  CASE WHEN row.failed OR row.skipped OR row.pending THEN 'too-long:displayName' ELSE '' END,
  CASE WHEN row.id % 50 = 7 THEN 'Failure' WHEN row.fresh OR row.pending THEN '' ELSE 'Success' END, row.id,
  CASE WHEN row.id % 50 = 7 THEN 'conflict:displayName' ELSE '' END,
  CASE WHEN row.failed OR row.skipped THEN 'Name has 120 characters, Name in Dynamics 365 Sales holds 100.' ELSE '' END,
  CASE WHEN row.failed OR row.skipped OR row.pending THEN row.at END, CASE WHEN row.fresh OR row.pending THEN NULL ELSE row.at END,
  row.at, CASE WHEN row.id % 1000 = 1 THEN 'manual' WHEN row.id % 3 = 0 THEN 'match' ELSE 'insert' END, '',
  CASE row.id % 997 WHEN 1 THEN 'sales' WHEN 2 THEN 'business_central' ELSE '' END, CASE WHEN row.id % 499 = 3 THEN row.at END
FROM (
  SELECT
    one.id, mapping.id AS mapping_id, chr(65 + (one.id % 5)::int) || lpad(one.id::text, 7, '0') AS code,
    first.first || ' ' || second.second || ' ' || one.id % 4999 AS name,
    now() - interval '365 days' * (1000000 - one.id) / 1000000 AS at,
    one.id % 20 = 0 AS failed, one.id % 50 = 1 AS skipped, one.id % 200 = 2 AS pending, one.id % 300 = 3 AS fresh
  FROM generate_series(1, current_setting('bench.couplings')::bigint) AS one (id)
  JOIN word AS first ON first.number = one.id * 31 % 12
  JOIN word AS second ON second.number = one.id * 7 / 12 % 12
  JOIN mappings_integrationtablemapping AS mapping ON mapping.name = CASE
    WHEN one.id * 7919 % 100 < 50 THEN 'CUSTOMER' WHEN one.id * 7919 % 100 < 80 THEN 'CONTACT'
    WHEN one.id * 7919 % 100 < 95 THEN 'ITEM-PRODUCT' WHEN one.id * 7919 % 100 < 99 THEN 'CURRENCY' ELSE 'SALESPEOPLE' END
) AS row;

SET session_replication_role = origin;
