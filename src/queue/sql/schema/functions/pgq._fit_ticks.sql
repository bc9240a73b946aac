-- Leaves so many ticks of a queue at most, spread evenly, beside the newest and those where consumers are.
create or replace function pgq._fit_ticks(i_queue_id int4, i_most bigint)
returns void as $$
    with aged as (
        select t.tick_id, row_number() over (order by t.tick_id desc) - 1 as age, count(*) over () as ticks
          from pgq.tick_log t
         where t.tick_queue = i_queue_id
    )
    delete from pgq.tick_log t
     using aged a
     where t.tick_queue = i_queue_id
       and t.tick_id = a.tick_id
       and a.age % (a.ticks / i_most + 1) <> 0
       and not exists (
             select from pgq.subscription s
              where s.sub_queue = i_queue_id
                and t.tick_id in (s.sub_last_tick, s.sub_next_tick));
$$ language sql set search_path = pg_catalog, pg_temp;
