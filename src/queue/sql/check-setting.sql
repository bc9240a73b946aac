-- Raises an error where the value is none of the setting's type.
select case
         when $1::text = 'ticker_max_count' then $2::text::int4 >= 0
         when $1::text in ('ticker_paused', 'external_ticker') then $2::text::bool is not null
         else $2::text::interval >= '0'
       end as is_possible
