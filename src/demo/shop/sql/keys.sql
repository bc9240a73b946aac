-- After the rows on the source, because that is faster; the target has them from the beginning.
-- One statement a table: they may run side by side.
alter table shop.order_item add primary key (order_id, line);
alter table shop.customer add primary key (id), add unique (email), add unique (public_id);
alter table shop.visit add primary key (channel, id);
alter table shop.orders add primary key (id);
alter table shop.stock add primary key (warehouse, product_id);
alter table shop.product add primary key (id), add unique (sku);
alter table shop.basket add primary key (id);
alter table shop.coupon add primary key (code);
alter table shop.receipt add primary key (number);
