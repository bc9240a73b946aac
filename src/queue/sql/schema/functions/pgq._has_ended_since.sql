-- Whether a transaction below i_until that was open for the snapshot i_then has ended since.
create or replace function pgq._has_ended_since(i_then txid_snapshot, i_until bigint)
returns boolean as $$
    select txid_snapshot_xmin(i_then) < i_until
       and exists (
             select from (
                      select txid_snapshot_xip(i_then)
                       union all
                      select generate_series(txid_snapshot_xmax(i_then), i_until - 1)) open (txid)
              where open.txid < i_until
                and txid_visible_in_snapshot(open.txid, txid_current_snapshot()));
$$ language sql stable;
