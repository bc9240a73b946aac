import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { IniKey } from './ini-keys.ts';

type As = Extract<IniKey, { setting: string }>['as'];

/** Why a text is no value. */
export class TextProblem extends Error {}

/** A text of an ini file as the setting of a sluice.toml would have it. @throws TextProblem */
export function readText(text: string, as: As): unknown {
  switch (as) {
    case 'empty text':
    case 'text':
    case 'template':
      return text;
    case 'query':
      return text.replace(/;\s*$/, '');
    case 'file':
      return resolve(text.replace(/^~(?=\/|$)/, homedir()));
    case 'list':
      return text.split(',').map((part) => part.trim());
    case 'pairs':
      return readPairs(text);
    case 'queue field':
      return text.replace(/^ev_/, '');
    case 'boolean':
      return readBoolean(text);
    case 'integer':
      if (/^-?\d+$/.test(text)) return Number(text);
      throw new TextProblem(`expected a whole number, got ${text}`);
    case 'seconds':
      return readSeconds(text);
    case 'interval':
      return readInterval(text);
    default:
      return as satisfies never;
  }
}

/** `from:to, from:to` */
function readPairs(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.split(':').map((part) => part.trim()));
  const odd = pairs.find((pair) => pair.length !== 2);
  if (odd !== undefined) throw new TextProblem(`expected FROM:TO, got ${odd.join(':')}`);
  return Object.fromEntries(pairs);
}

function readBoolean(text: string): boolean {
  if (/^(?:1|yes|true|on)$/i.test(text)) return true;
  if (/^(?:0|no|false|off)$/i.test(text)) return false;
  throw new TextProblem(`expected 1 or 0, got ${text}`);
}

function readSeconds(text: string): string {
  if (/^\d+(?:\.\d*)?$|^\.\d+$/.test(text)) return `${Number(text)}s`;
  throw new TextProblem(`expected seconds, got ${text}`);
}

const units: Readonly<Record<string, string>> = {
  msec: 'ms',
  millisecond: 'ms',
  sec: 's',
  second: 's',
  m: 'min',
  minute: 'min',
  hour: 'h',
  day: 'd',
};

/** As PostgreSQL writes them, one unit: `30 seconds`, `1 minute`; a number alone is seconds. */
function readInterval(text: string): string {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text) ?? [];
  if (amount === undefined)
    throw new TextProblem(`expected an interval such as 1 minute, got ${text}`);
  const singular = unit.toLowerCase().replace(/s$/, '');
  return `${amount}${units[singular] ?? (unit === '' ? 's' : unit.toLowerCase())}`;
}
