-- Takes superseded positions out by deleting them, for vacuum to make room: when somebody always has the log in use,
-- it cannot be emptied. Of subscribers only that nobody is at; their row is written anew, so that a transaction with
-- a snapshot from before fails on it rather than take a step number that is free again.
create or replace function pgq._thin_positions()
returns void as $$
    with idle as (
        select s.sub_no from pgq.subscriber s order by s.sub_no for no key update skip locked
    ), written as (
        update pgq.subscriber s set sub_no = s.sub_no from idle i where i.sub_no = s.sub_no returning s.sub_no
    )
    delete from pgq.position_log l
     using written w
     where l.pos_subscriber = w.sub_no
       and exists (
             select from pgq.position_log newer
              where newer.pos_subscriber = l.pos_subscriber
                and newer.pos_step > l.pos_step);
$$ language sql set search_path = pg_catalog, pg_temp;
