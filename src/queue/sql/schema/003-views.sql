-- What programs know as tables.
create view pgq.tick as
select tick_queue, tick_id, tick_time, tick_snapshot, tick_event_seq
  from pgq.tick_log
 where tick_id >= coalesce((select o.tick_floor from pgq.queue_option o where o.queue_id = tick_queue), 0);

create view pgq.subscription as
select s.sub_id, s.sub_queue, s.sub_consumer, p.pos_last_tick as sub_last_tick, p.pos_active as sub_active,
       p.pos_batch as sub_batch, p.pos_next_tick as sub_next_tick
  from pgq.subscriber s
 cross join lateral (
         select * from pgq.position_log l
          where l.pos_subscriber = s.sub_no
          order by l.pos_step desc
          limit 1) p;
