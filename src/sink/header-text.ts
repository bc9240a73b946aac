/**
 * Any text as a header of NATS or HTTP takes it: printable ASCII as it is, all else (and `%`) as percent-encoded
 * UTF-8. Received, `decodeURIComponent` gives it back.
 */
export function headerText(text: string): string {
  return /^[ -$&-~]*$/.test(text) ? text : text.replaceAll(/[^ -$&-~]/gu, percentEncode);
}

function percentEncode(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${hex(byte)}`).join('');
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

/** What every sink tells beside the payload, by the name of its header. Ids have headers of their own. */
export function describingHeaders(message: {
  key: string | null;
  position: string;
  transaction: string | null;
}): Record<string, string> {
  return {
    'Sluice-Position': message.position,
    ...(message.transaction !== null && { 'Sluice-Transaction': message.transaction }),
    ...(message.key !== null && { 'Sluice-Key': message.key }),
  };
}
