-- $1: how many
insert into shop.coupon (code, percent, valid, checksum)
select 'C' || lpad(n::text, 6, '0'), n % 50 + 0.5, daterange(date '2025-01-01' + n % 300, null), decode(md5(n::text), 'hex')
from generate_series(1, $1::int) n;
