-- Tables as a person counts them: a partitioned one is one.
select count(*) filter (where c.relkind = 'p' or not c.relispartition) as tables,
       (select count(*) from shop.customer) + (select count(*) from shop.product)
         + (select count(*) from shop.stock) + (select count(*) from shop.coupon)
         + (select count(*) from shop.orders) + (select count(*) from shop.order_item)
         + (select count(*) from shop.basket) + (select count(*) from shop.visit) as rows,
       sum(pg_table_size(c.oid)) as bytes
from pg_class c
where c.relnamespace = 'shop'::regnamespace and c.relkind in ('r', 'p');
