-- The subscriber that has this batch open, and its step; nothing when nobody has.
create or replace function pgq._find_batch(
    in i_batch_id bigint,
    out sub_no int4,
    out sub_id int4,
    out sub_queue int4,
    out sub_consumer int4,
    out step bigint,
    out last_tick bigint,
    out next_tick bigint)
returns setof record as $$
    select s.sub_no, s.sub_id, s.sub_queue, s.sub_consumer, p.pos_step, p.pos_last_tick, p.pos_next_tick
      from pgq.position_log p
      join pgq.subscriber s on s.sub_no = p.pos_subscriber
     where p.pos_batch = i_batch_id
       and not exists (
             select from pgq.position_log newer
              where newer.pos_subscriber = p.pos_subscriber
                and newer.pos_step > p.pos_step);
$$ language sql stable;
