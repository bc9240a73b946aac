-- What is in schema pgq, as text: nothing, ours, the original as an extension, the original without one.
select case
         when pg_catalog.to_regclass('pgq.migration') is not null then 'ours'
         when exists (select from pg_catalog.pg_extension where extname = 'pgq') then 'extension'
         when pg_catalog.to_regclass('pgq.queue') is not null then 'unpackaged'
         else 'nothing'
       end as found
