-- $1: how many, $2: how many customers, $3: how many products
insert into shop.basket (customer_id, product_id, quantity)
select 1 + (n * 13::bigint) % $2::int, 1 + (n * 17::bigint) % $3::int, 1 + n % 3
from generate_series(1, $1::int) n;
