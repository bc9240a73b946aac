-- The transaction's number first: the original's rotation knows by it that this transaction may write to the table before.
select pgq.current_event_table($1) as events from pg_catalog.txid_current()
