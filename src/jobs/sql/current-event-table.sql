select pgq.current_event_table($1) as events
