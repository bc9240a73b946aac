-- $1: how many products; each lies in three warehouses.
insert into shop.stock (warehouse, product_id, quantity)
select warehouse, n, 50 + n % 200
from generate_series(1, $1::int) n, generate_series(1, 3) warehouse;
