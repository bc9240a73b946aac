export { availableMajors, supportedMajors } from './local-server-binaries.ts';
export { startLocalServer } from './local-server.ts';

export type { Major } from './local-server-binaries.ts';
export type { LocalServer, LocalServerOptions, StopMode } from './local-server.ts';
