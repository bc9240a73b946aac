import { displayName } from '../../catalog/index.ts';
import { defineCheck } from './define.ts';
import { listNames } from './describe.ts';

export const publicationRights = defineCheck(
  {
    CHECK_CREATE_PUBLICATION: {
      severity: 'blocks',
      meaning: 'The role may not create a publication on the source.',
      remedy: 'run GRANT CREATE ON DATABASE {database} TO {role} on the source',
    },
    CHECK_TABLE_OWNER: {
      severity: 'blocks',
      meaning: 'Only the owner of a table may publish it.',
      remedy: 'run GRANT {owner} TO {role} on the source, or connect as the owner',
    },
  },
  ({ source, tables, publications, pipeline }, report) => {
    const { role, database } = source;
    const ours = publications.filter((one) => one.isOurs && one.name === pipeline?.publication);
    if (!role.canCreateInDatabase && ours.length === 0) {
      const evidence = `role ${role.name} has no CREATE on database ${database.name}`;
      report('CHECK_CREATE_PUBLICATION', 'source', evidence, {
        database: database.name,
        role: role.name,
      });
    }
    const published = new Set(ours.flatMap((one) => one.tables.map((table) => table.oid)));
    const foreign = tables
      .map((table) => table.source)
      .filter((table) => source.privileges.get(table.oid)?.isOwner === false)
      .filter((table) => !published.has(table.oid) && !published.has(table.rootOid ?? 0));
    for (const [owner, owned] of Map.groupBy(foreign, (table) => table.owner)) {
      const evidence = `owned by ${owner}, of which ${role.name} is no member: ${listNames(owned.map(displayName))}`;
      report('CHECK_TABLE_OWNER', 'source', evidence, { owner, role: role.name });
    }
  },
);
