select relation.oid::text as oid
from pg_catalog.pg_publication as publication
left join pg_catalog.pg_publication_rel as member on member.prpubid = publication.oid
left join pg_catalog.pg_class as relation on relation.oid = member.prrelid
where publication.pubname = $1::text
