update sluice.pipeline
   set tables = array(select json_array_elements_text($3::text::json)),
       tables_without_key = $4::text
 where name = $1::text and epoch = $2::text::bigint
