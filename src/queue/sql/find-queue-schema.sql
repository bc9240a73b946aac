-- Whose schema pgq this is: with our ticker's function, with the original's alone, or none.
select case
         when pg_catalog.to_regprocedure('pgq.tick_eagerly(int4[])') is not null then 'ours'
         when pg_catalog.to_regprocedure('pgq.ticker()') is not null then 'original'
       end as found,
       pg_catalog.current_database() as database
