select pgq.create_queue('q')
select pgq.insert_event('nope', 'a', 'b')
select pgq.insert_event(null, 'a', 'b')
select pgq.insert_event('nope', 'a', 'b', '1', '2', '3', '4')
select pgq.insert_event_raw('nope', null, null, null, null, 'a', 'b', null, null, null, null)
select pgq.insert_event_raw(null, null, null, null, null, 'a', 'b', null, null, null, null)
select pgq.insert_event_raw('q', null, null, null, null, null, null, null, null, null, null)
select pgq.insert_event_raw('q', 77, '2020-01-01', 5, 3, 'raw', 'b', '1', '2', '3', '4')
select pgq.insert_event('q', null, null)
select pgq.insert_event('q', 't', 'd', '1', '2', '3', '4')
select ev_id, ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.event_1 order by ev_id
select ev_time::date::text from pgq.event_1 where ev_id = 77
select pgq.current_event_table('nope')
select pgq.current_event_table('q')
insert into pgq.event_1_0 (ev_time, ev_type) values (now(), 'copied') returning ev_id
update pgq.queue set queue_disable_insert = true
select pgq.insert_event('q', 'a', 'b')
select pgq.insert_event_raw('q', null, null, null, null, 'a', 'b', null, null, null, null)
select pgq.current_event_table('q')
set session_replication_role = replica
select pgq.insert_event('q', 'a', 'b')
select pgq.current_event_table('q')
set session_replication_role = local
select pgq.insert_event('q', 'a', 'b')
reset session_replication_role
update pgq.queue set queue_disable_insert = false, queue_per_tx_limit = 2
begin
select pgq.insert_event('q', 'a', 'b'), pgq.insert_event('q', 'a', 'b')
select pgq.insert_event('q', 'a', 'b')
rollback
begin
select pgq.insert_event('q', 'a', 'b'), pgq.insert_event('q', 'a', 'b')
commit
select pgq.insert_event('q', 'a', 'b')
update pgq.queue set queue_per_tx_limit = 0
select pgq.insert_event('q', 'a', 'b')
update pgq.queue set queue_per_tx_limit = null
select pgq.insert_event('q', 'a', 'b')
select last_value from pgq.event_1_id_seq
select tick_id, tick_event_seq from pgq.tick
select pgq.ticker('q')
select pgq.ticker('nope')
select pgq.ticker()
select pgq.create_queue('second')
select pgq.insert_event('second', 'a', 'b'), pgq.insert_event('q', 'a', 'b')
select pgq.drop_queue('q')
select pgq.insert_event('q', 'a', 'b')
select pgq.insert_event('second', 'a', 'b')
