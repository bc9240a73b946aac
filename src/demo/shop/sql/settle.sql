-- Orders were made with numbers of their own: the next ones come after them.
select setval(pg_get_serial_sequence('shop.orders', 'id'), (select max(id) from shop.orders));
analyze;
