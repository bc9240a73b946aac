select
  case when given.typtype = 'd' then given.typbasetype::text end as base_oid,
  case when given.typtype = 'b' and given.typcategory = 'A' and element.typdelim = ','
    then element.oid::text end as element_oid
from pg_catalog.pg_type as given
left join pg_catalog.pg_type as element on element.oid = given.typelem
where given.oid = $1::oid
