-- $1: how many. Every tenth has a description of some 4 kB that does not compress.
insert into shop.product (id, sku, name, description, price, sizes, attributes)
select n,
       'SKU-' || lpad(n::text, 6, '0'),
       'Product ' || n,
       case when n % 10 = 0
            then (select string_agg(md5(n || ':' || piece), ' ') from generate_series(1, 125) piece)
            else 'A fine thing, number ' || n end,
       1 + (n * 104729 % 50000) / 100.0,
       array[n % 40, n % 40 + 1, n % 40 + 2],
       jsonb_build_object('weight', n % 900, 'colours', jsonb_build_array('red', 'blue', n % 7))
from generate_series(1, $1::int) n;
