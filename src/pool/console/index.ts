export { Consoles } from './consoles.ts';
export { Statistics } from './statistics.ts';
