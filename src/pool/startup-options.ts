import { Refusal } from './refusal.ts';

/**
 * The settings in the `options` of a startup message: `-c name=value`, `-cname=value`, `--name=value`.
 * A backslash takes the next character as it is, as in PostgreSQL; a dash in a long name is an underscore.
 *
 * @throws Refusal  other command-line options have no meaning behind a pooler
 */
export function readOptions(options: string): [name: string, value: string][] {
  const settings: [string, string][] = [];
  const words = splitWords(options);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    let setting: string | undefined;
    if (word === '-c') setting = words[++i];
    else if (word.startsWith('-c')) setting = word.slice(2);
    else if (word.startsWith('--')) setting = word.slice(2);
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(setting ?? '') ?? [];
    if (name === undefined || value === undefined) {
      throw new Refusal(
        '08P01',
        'unsupported options startup parameter: only -c name=val and --name=val',
      );
    }
    settings.push([name.replaceAll('-', '_'), value]);
  }
  return settings;
}

function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    if (character === '\\' && i + 1 < text.length) word = (word ?? '') + text[++i]!;
    else word = (word ?? '') + character;
  }
  if (word !== null) words.push(word);
  return words;
}
