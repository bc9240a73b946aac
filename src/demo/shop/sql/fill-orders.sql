-- $1: how many, $2: how many customers. The total is what fill-order-item.sql gives it.
insert into shop.orders (id, customer_id, status, note, total, placed_at, shipped_at)
select n,
       1 + (n * 7919::bigint) % $2::int,
       case when n % 10 < 7 then 'delivered' when n % 10 = 7 then 'cancelled' when n % 10 = 8 then 'shipped' else 'paid' end::shop.order_status,
       case when n % 20 = 0 then 'Please ring twice; leave it with the neighbour at number ' || n % 90 end,
       (1 + n % 4) * (500 + n % 9000) / 100.0,
       timestamptz '2025-01-01 00:00Z' + n * interval '90 seconds',
       case when n % 10 in (0, 1, 2, 3, 4, 5, 6, 8) then timestamptz '2025-01-02 00:00Z' + n * interval '90 seconds' end
from generate_series(1, $1::int) n;
