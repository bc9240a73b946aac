-- The sibling that has not been seen for longest, with a batch rather than without; null when all have been.
create or replace function pgq_coop._find_dead(i_sub_id int4, i_main int4, i_sub int4, i_dead_interval interval)
returns int4 as $$
    select s.sub_no
      from pgq.subscriber s
     cross join lateral (
             select * from pgq.position_log l
              where l.pos_subscriber = s.sub_no
              order by l.pos_step desc
              limit 1) p
     where s.sub_id = i_sub_id
       and s.sub_no <> i_main
       and s.sub_no <> i_sub
       and p.pos_active < now() - i_dead_interval
     order by p.pos_batch is null, p.pos_active
     limit 1;
$$ language sql stable set search_path = pg_catalog, pg_temp;
