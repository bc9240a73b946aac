-- $1: how many, $2: how many customers
insert into shop.visit (channel, customer_id, address, page, spent, at)
select (array['web', 'web', 'web', 'app', 'app', 'kiosk'])[1 + n % 6],
       case when n % 3 > 0 then 1 + (n * 11::bigint) % $2::int end,
       inet '10.0.0.0' + n % 16000000,
       '/p/' || n % 20000,
       n % 600 * interval '1 second',
       timestamptz '2025-06-01 00:00Z' + n * interval '40 seconds'
from generate_series(1, $1::int) n;
