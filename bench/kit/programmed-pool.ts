import { Janitor, Listener, loadPgbouncerIni, Pooler, type Route } from '../../src/pool/index.ts';
import { silentLog } from '../../src/service/index.ts';

/** Looks at every text and leads nothing elsewhere: what the question costs, not the answer. */
const route: Route = ({ text }) => (text.includes('elsewhere') ? 'elsewhere' : null);

const [file = '', isRouted] = process.argv.slice(2);
const config = await loadPgbouncerIni(file);
const pooler = await Pooler.make({
  config,
  log: silentLog,
  route: isRouted === 'routed' ? route : undefined,
  console: () => {
    throw new Error('this pool has no console');
  },
});
await new Listener(config.settings, (leg) => pooler.take(leg)).open();
new Janitor(pooler).start();
process.on('SIGQUIT', () => process.exit(0));
