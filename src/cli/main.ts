#!/usr/bin/env node
// Plain syntax and no imports up here: an older Node must get as far as telling that it is too old.
const needed = [24, 19];
const found = process.versions.node.split('.').map(Number);
const isNewEnough =
  Number(found[0]) > Number(needed[0]) ||
  (found[0] === needed[0] && Number(found[1]) >= Number(needed[1]));

if (isNewEnough) {
  // To Node the first opens a debugger's port and the second ends it; where they mean something it is said.
  for (const signal of ['SIGUSR1', 'SIGUSR2']) process.on(signal, () => undefined);
  const { runProgram } = await import('./program.ts');
  const [, script, ...args] = process.argv;
  process.exitCode = await runProgram(args, undefined, script?.split('/').at(-1));
} else {
  process.stderr.write(
    `sluice: COMMAND_NODE_VERSION: Node ${process.versions.node} is too old: ` +
      `sluice needs ${needed.join('.')} or newer; install a newer Node (https://nodejs.org)\n`,
  );
  process.exitCode = 1;
}
