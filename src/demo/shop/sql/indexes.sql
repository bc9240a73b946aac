-- What the keys do not bring: indexes and foreign keys. They may run side by side.
alter table shop.order_item add foreign key (order_id) references shop.orders on delete cascade;
alter table shop.orders add foreign key (customer_id) references shop.customer;
alter table shop.stock add foreign key (product_id) references shop.product;
alter table shop.basket add foreign key (customer_id) references shop.customer on delete cascade;
create index on shop.order_item (product_id);
create index on shop.visit (at);
create index on shop.customer using gin (tags);
create index on shop.orders (customer_id);
create index on shop.orders (placed_at) where status in ('new', 'paid', 'packed');
alter table shop.order_item add foreign key (product_id) references shop.product;
