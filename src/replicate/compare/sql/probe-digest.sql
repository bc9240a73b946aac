select hash_array_extended(array['\x0102030405060708090a0b0c0d0e0f10'::bytea], 3)::text as digest,
  current_setting('server_encoding') as encoding
