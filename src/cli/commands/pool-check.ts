import { Command } from 'commander';
import { loadPoolConfig } from '../../daemon/index.ts';
import { checkedParts, checkPool, loadPgbouncerIni } from '../../pool/index.ts';
import { blockingFindings, toJson } from '../../service/index.ts';
import { exitCodes } from '../exit-code.ts';
import { describeFindings } from '../findings.ts';
import type { CommandIo } from '../io.ts';
import type { Flags } from '../pipeline-flags.ts';
import { configFile } from '../pipelines.ts';

/** `sluice pool check`: what a pool would stumble over, and nothing is changed. */
export function poolCheckCommand(io: CommandIo): Command {
  return new Command('check')
    .summary('check a pgbouncer.ini or [pool] of sluice.toml, and change nothing')
    .description(
      'Reads the configuration and every file that it names, tries the addresses, reaches the servers and logs in where ' +
        'it is said as whom. Also for a file that a running pooler is to RELOAD. Exits 1 when something blocks.',
    )
    .argument('[file]', 'a pgbouncer.ini (default: [pool] of sluice.toml)')
    .option('--config <file>', 'the config file (default: $SLUICE_CONFIG, else sluice.toml)')
    .option('--json', 'print one JSON document')
    .action(async (file: string | undefined, flags: Flags) => {
      const config =
        file === undefined
          ? await loadPoolConfig(configFile(io, flags))
          : await loadPgbouncerIni(file);
      const findings = await checkPool(config);
      const text =
        findings.length === 0
          ? `nothing found; looked at ${checkedParts(config).join(', ')}\n`
          : describeFindings(findings);
      io.stdout.write(flags['json'] === true ? `${toJson(findings, 2)}\n` : text);
      if (blockingFindings(findings).length > 0) io.exitCode = exitCodes.failed;
    });
}
