select ev_id, ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4
  from pgq.events_between($1, $2::txid_snapshot, $3::txid_snapshot)
