create or replace function pgq._drop_subscriber(i_subscriber int4)
returns void as $$
    delete from pgq.position_log where pos_subscriber = i_subscriber;
    delete from pgq.subscriber where sub_no = i_subscriber;
$$ language sql;
