select pgq.create_queue('q')
select pgq.create_queue(null)
select pgq.register_consumer('q','c')
select pgq.register_consumer('q','c')
select pgq.register_consumer_at('q','c', 99)
select pgq.register_consumer_at('q','d', 1)
select pgq.register_consumer('nope','c')
select pgq.set_queue_config('q','rotation_period','0 seconds')
select pgq.set_queue_config('q','nope','0 seconds')
select pgq.set_queue_config('nope','rotation_period','0 seconds')
select pgq.set_queue_config('q',null,'0 seconds')
select pgq.set_queue_config('q','ticker_max_count','x')
select * from pgq.maint_operations() where func_name not like '%states' and func_name not like '%compact' and func_name <> 'vacuum'
select pgq.insert_event('q','t'||g,'d',null,'e2',null,null) from generate_series(1,5) g
select pgq.maint_rotate_tables_step1('q')
select queue_cur_table, queue_switch_step2 is null from pgq.queue
select pgq.insert_event('q','t'||g,'d',null,'e2',null,null) from generate_series(1,5) g
select pgq.maint_rotate_tables_step2()
select queue_cur_table, queue_switch_step2 is null from pgq.queue
select pgq.insert_event('q','t'||g,'d',null,'e2',null,null) from generate_series(1,5) g
select pgq.maint_rotate_tables_step1('q')
select queue_cur_table, queue_switch_step2 is null from pgq.queue
select tableoid::regclass::text, ev_id, ev_type from pgq.event_1 order by ev_id
select pgq.force_tick('q')
select pgq.ticker()
select pgq.next_batch('q','c')
select ev_id, ev_retry, ev_type, ev_data from pgq.get_batch_events(1)
select * from pgq.batch_event_tables(1)
begin
select ev_id, ev_retry, ev_type, ev_data from pgq.get_batch_cursor(1, 'Cur', 2)
move all in "Cur"
select ev_id, ev_retry, ev_type, ev_data from pgq.get_batch_cursor(1, 'c2', 2, 'ev_id > 3')
select ev_id, ev_retry, ev_type, ev_data from pgq.get_batch_cursor(1, 'c3', 0, 'ev_id > 3')
select ev_id from pgq.get_batch_cursor(1, null, 0, 'ev_id > 3')
select ev_id from pgq.get_batch_cursor(2, 'c4', 0, 'ev_id > 3')
rollback
select pgq.event_retry(1,2,0)
select pgq.event_retry(1,2,0)
select pgq.event_retry(1,200,0)
select pgq.event_retry(7,200,0)
select pgq.event_retry(1,3,'2030-01-01'::timestamptz)
select pgq.batch_retry(1,60)
select pgq.batch_retry(9,60)
select ev_id, ev_queue, ev_owner, ev_retry, ev_txid is null from pgq.retry_queue order by ev_id
select pgq.event_retry_raw('q','c',now(),null,now(),3,'a','b','c','d','e','f')
select pgq.event_retry_raw('q','zz',now(),null,now(),3,'a','b','c','d','e','f')
select pgq.finish_batch(1)
select pgq.maint_retry_events()
select pgq.maint_retry_events()
select pgq.force_tick('q')
select pgq.ticker('q')
select pgq.next_batch('q','c')
select ev_id, ev_retry, ev_type, ev_data from pgq.get_batch_events(2)
select pgq.next_batch('q','d')
select ev_id, ev_retry, ev_type, ev_data from pgq.get_batch_events(3)
select pgq.finish_batch(3)
select pgq.next_batch('q','d')
select ev_id, ev_retry, ev_type, ev_data from pgq.get_batch_events(4)
select queue_name, consumer_name, last_tick, current_batch, next_tick, pending_events from pgq.get_consumer_info()
select queue_name, consumer_name, last_tick, current_batch, next_tick, pending_events from pgq.get_consumer_info('q')
select queue_name, consumer_name, last_tick, current_batch, next_tick, pending_events from pgq.get_consumer_info('q','zz')
select queue_name, queue_ntables, queue_cur_table, queue_rotation_period, queue_external_ticker, queue_ticker_paused, queue_ticker_max_count, queue_ticker_max_lag, queue_ticker_idle_period, ev_new, last_tick_id, ev_per_sec is null from pgq.get_queue_info()
select queue_name, ev_new, last_tick_id from pgq.get_queue_info('nope')
select queue_name, consumer_name, prev_tick_id, tick_id, seq_start, seq_end from pgq.get_batch_info(4)
select * from pgq.get_batch_info(44)
select pgq.drop_queue('q')
select pgq.drop_queue('nope')
select pgq.unregister_consumer('q','zz')
select pgq.unregister_consumer('q','d')
select sub_id, sub_queue, sub_consumer, sub_last_tick, sub_batch, sub_next_tick from pgq.subscription
update pgq.queue set queue_external_ticker = true
select pgq.ticker('q')
select pgq.ticker()
select pgq.ticker('q', 100, '2020-01-01', 50)
select pgq.ticker('q', 101, '2020-01-01', 5000)
select tick_id, tick_time::text, tick_event_seq from pgq.tick where tick_id > 50
select last_value from pgq.event_1_id_seq
select last_value from pgq.event_1_tick_seq
select pgq.ticker('nope', 101, '2020-01-01', 5000)
select pgq.set_queue_config('q','external_ticker','false')
select pgq.set_queue_config('q','ticker_paused','true')
select pgq.ticker('q')
select pgq.force_tick('q'), pgq.force_tick('nope')
select pgq.version(), pgq.upgrade_schema()
select pgq.quote_fqname('a.B'), pgq.quote_fqname('B'), pgq.quote_fqname('a.b.c'), pgq.quote_fqname(null)
select pgq.seq_getval('pgq.event_1_tick_seq'), pgq.seq_setval('pgq.event_1_tick_seq', 5), pgq.seq_setval('pgq.event_1_tick_seq', 500), pgq.seq_getval('nope')
select pgq.tune_storage('nope'), pgq.tune_storage('q'), pgq.grant_perms('q')
select pgq.grant_perms('nope')
select pgq.batch_event_sql(77)
select * from pgq.batch_event_tables(77)
select * from pgq.get_batch_events(77)
select pgq.drop_queue('q', true)
select * from pgq.consumer
select count(*) from pgq.subscription
select count(*) from pgq.tick
select count(*) from pgq.retry_queue
select relname from pg_class where relnamespace = 'pgq'::regnamespace and relname ~ 'event_\d+(_|$)'
select pgq.insert_event('q','a','b')
select pgq.find_tick_helper(1,1,now(),1,1,'1 s')
