/** What a terminal shows after all that was written: cursor-up and clear-below understood, nothing else needed. */
export function shownText(written: string): string {
  const lines = [''];
  const escape = String.fromCodePoint(27);
  let rest = written;
  while (rest !== '') {
    if (rest.startsWith(escape)) {
      const [sequence = '', count = '', command] = /^.\[(\d*)([FJ])/s.exec(rest) ?? [];
      if (sequence === '')
        throw new Error(
          `an escape sequence it should not use: ${JSON.stringify(rest.slice(0, 9))}`,
        );
      if (command === 'F') {
        lines.length = Math.max(lines.length - Number(count), 1);
        lines[lines.length - 1] = '';
      }
      rest = rest.slice(sequence.length);
      continue;
    }
    if (rest.startsWith('\n')) lines.push('');
    else lines.push(`${lines.pop() ?? ''}${rest.charAt(0)}`);
    rest = rest.slice(1);
  }
  return lines.join('\n');
}
