create or replace function pgq._check_insert(i_queue_id int4)
returns void as $$
declare
    queue pgq.queue;
    setting text := format('pgq.inserted_%s', i_queue_id);
    counted bigint;
begin
    select * into queue from pgq.queue q where q.queue_id = i_queue_id;
    if queue.queue_disable_insert and current_setting('session_replication_role') <> 'replica' then
        raise exception using errcode = 'internal_error', message = 'Insert into queue disallowed';
    end if;
    if queue.queue_per_tx_limit is not null then
        counted := coalesce(nullif(current_setting(setting, true), ''), '0')::bigint + 1;
        if counted > queue.queue_per_tx_limit then
            raise exception using errcode = 'internal_error', message = format(
                'Queue ''%s'' allows max %s events from one TX', queue.queue_name, queue.queue_per_tx_limit);
        end if;
        perform set_config(setting, counted::text, true);
    end if;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
