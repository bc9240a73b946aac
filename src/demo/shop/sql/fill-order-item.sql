-- $1: how many orders, $2: how many products; one to four items an order.
insert into shop.order_item (order_id, line, product_id, quantity, price)
select n, line, 1 + (n * 31::bigint + line * 7) % $2::int, 1, (500 + n % 9000) / 100.0
from generate_series(1, $1::int) n, generate_series(1, 1 + n % 4) line;
