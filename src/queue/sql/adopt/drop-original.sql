-- Empty since its rows are in the logs. Waits for nobody for long: the next install tries again.
drop table if exists pgq.original_tick, pgq.original_subscription
