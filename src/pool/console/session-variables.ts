/** Variables of a session that drivers and tools ask for or set right after the login, as the console answers. */
export const sessionVariables: ReadonlyMap<string, string> = new Map([
  ['client_encoding', 'UTF-8'],
  ['datestyle', 'ISO'],
  ['timezone', 'GMT'],
  ['standard_conforming_strings', 'on'],
  ['default_transaction_isolation', 'read committed'],
]);
