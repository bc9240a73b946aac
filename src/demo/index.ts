export { runDemo } from './demo.ts';
export { availableMajors, supportedMajors } from './local-server-binaries.ts';
export { startLocalServer } from './local-server.ts';
export { stages } from './report.ts';
export { defaultRows, leastRows } from './shop/size.ts';

export type { DemoDeps, DemoOptions, KeptDemo } from './demo.ts';
export type { Major } from './local-server-binaries.ts';
export type { LocalServer, LocalServerOptions, StopMode } from './local-server.ts';
export type { DemoReport, Stage } from './report.ts';
