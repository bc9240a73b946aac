import { sqlStatements, type SqlToken } from './sql-tokens.ts';

/** LISTEN or UNLISTEN. */
export interface ChannelCommand {
  readonly isListen: boolean;
  /** Null: all, of UNLISTEN. */
  readonly channel: string | null;
}

/** What a text with LISTEN or UNLISTEN in it asks of the pool. */
export interface ChannelText {
  readonly commands: readonly ChannelCommand[];
  /** What the server is sent in its place: it answers the same and hears nothing. */
  readonly harmless: string;
}

/** A channel that nobody notifies. */
const deafChannel = '"sluice pool"';

/**
 * The channels of a text, which are the pool's to listen on.
 *
 *     BEGIN; LISTEN news   ->   BEGIN; LISTEN "sluice pool"
 *
 * @param text  a character a byte: the client's bytes, whatever its encoding
 * @returns null: it names none
 */
export function channelsOf(text: string): ChannelText | null {
  if (!/listen/i.test(text)) return null;
  const commands: ChannelCommand[] = [];
  let harmless = '';
  let at = 0;
  for (const tokens of sqlStatements(text)) {
    const command = channelCommand(tokens);
    if (command === null) continue;
    commands.push(command);
    if (command.channel === null) continue;
    const { start, end } = tokens[1]!;
    harmless += text.slice(at, start) + deafChannel;
    at = end;
  }
  return commands.length === 0 ? null : { commands, harmless: harmless + text.slice(at) };
}

function channelCommand([command, name, ...rest]: readonly SqlToken[]): ChannelCommand | null {
  if (command?.kind !== 'word' || name === undefined || rest.length > 0) return null;
  const isListen = command.text === 'listen';
  if (!isListen && command.text !== 'unlisten') return null;
  if (name.kind === 'literal') return null;
  if (name.kind === 'symbol') {
    return name.text === '*' && !isListen ? { isListen, channel: null } : null;
  }
  return { isListen, channel: Buffer.from(name.text, 'latin1').toString() };
}
