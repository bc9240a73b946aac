-- $1: how many
insert into shop.customer (email, name, tags, preferences, balance, created_at)
select 'customer' || n || '@example.com',
       (array['Ada', 'Björn', 'Chloé', 'Đorđe', 'Eszter', '芙蓉', 'Gül', 'Hélène'])[1 + n % 8] || ' ' || n,
       case n % 5 when 0 then '{vip,newsletter}' when 1 then '{newsletter}' else '{}' end::text[],
       jsonb_build_object('language', (array['en', 'de', 'et', 'fr'])[1 + n % 4], 'dark', n % 3 = 0),
       (n * 7919 % 100000) / 100.0,
       timestamptz '2024-01-01 00:00Z' + n * interval '7 minutes'
from generate_series(1, $1::int) n;
