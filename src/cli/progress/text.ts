import { stripVTControlCharacters } from 'node:util';
import { formatByteSize } from '../../service/index.ts';
import type { TaskView } from './task.ts';

/** `1,234,567`, from ten millions on `12.3 M`. */
export function formatCount(count: number): string {
  if (count < 1e7) return Math.round(count).toLocaleString('en-US');
  const [factor, unit] = count < 1e9 ? [1e6, 'M'] : [1e9, 'G'];
  return `${(count / factor).toFixed(1)} ${unit}`;
}

/** `1 table`, `1,234 tables`. */
export function countOf(count: number, thing: string): string {
  return `${formatCount(count)} ${thing}${count === 1 ? '' : 's'}`;
}

/** `350 ms`, `4.2 s`, `2 min 05 s`, `3 h 07 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
}

/** How fast and how long, in no more than 44 cells: `120 k rows/s, 9.1 MB/s, 2 min 05 s left`. */
export function describePace({ amount, perSecond, leftMs }: TaskView): string {
  return [
    amount.rows > 0 ? `${formatShortCount(perSecond.rows)} rows/s` : '',
    amount.bytes > 0 ? `${formatByteSize(Math.round(perSecond.bytes))}/s` : '',
    leftMs === undefined ? '' : `${formatDuration(leftMs)} left`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** `9,999`, then `12 k`, `1.2 M`. */
function formatShortCount(count: number): string {
  if (count >= 9_999.5 && count < 999_500) return `${Math.round(count / 1e3)} k`;
  if (count >= 999_500 && count < 1e7) return `${(count / 1e6).toFixed(1)} M`;
  return formatCount(count);
}

/** How far it is and how fast: `5,800,000 of 10,000,000 rows, 1,200,000 rows/s, 140 MB/s, 4 s left`. */
export function describeAmounts(task: TaskView): string {
  const { amount, total, perSecond, leftMs } = task;
  const isRunning = task.state === 'running';
  return [
    amount.rows > 0 || total.rows !== undefined ? describeRows(amount.rows, total.rows) : '',
    amount.rows === 0 && amount.bytes > 0 ? formatByteSize(amount.bytes) : '',
    amount.rows > 0 ? `${formatCount(perSecond.rows)} rows/s` : '',
    amount.bytes > 0 ? `${formatByteSize(Math.round(perSecond.bytes))}/s` : '',
    isRunning && leftMs !== undefined ? `${formatDuration(leftMs)} left` : '',
    isRunning ? '' : `in ${formatDuration(task.elapsedMs)}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** Where it is under others: `copy / public.orders`. */
export function fullName(task: TaskView): string {
  return task.parent === undefined ? task.name : `${fullName(task.parent)} / ${task.name}`;
}

/** What a line of output may hold: names of tables may contain anything, also what moves a cursor. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}+/gu, ' ');
}

/** Cut, with an ellipsis, to the columns a terminal has: Chinese, Japanese, Korean and emoji take two each. */
export function fitCells(text: string, cells: number): string {
  if (countCells(text) <= cells) return text;
  let used = 0;
  let kept = '';
  for (const char of text) {
    used += cellsOf(char);
    if (used > cells - 1) break;
    kept += char;
  }
  return `${kept}…`;
}

export function countCells(text: string): number {
  return Array.from(text).reduce((cells, char) => cells + cellsOf(char), 0);
}

function cellsOf(char: string): number {
  if (/\p{M}/u.test(char)) return 0;
  return /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}]/u.test(char)
    ? 2
    : 1;
}

export function describeRows(rows: number, total: number | undefined): string {
  return total === undefined
    ? `${formatCount(rows)} rows`
    : `${formatCount(rows)} of ${formatCount(Math.max(total, rows))} rows`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
