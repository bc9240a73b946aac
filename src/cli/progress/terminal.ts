import { systemClock, type Clock, type ProgressAmount } from '../../service/index.ts';
import type { TaskListener, TaskView } from './task.ts';
import {
  countCells,
  describeAmounts,
  describePace,
  describeRows,
  fitCells,
  fullName,
  oneLine,
} from './text.ts';
import { ProgressTree } from './tree.ts';
import type { Output, ProgressView } from './view.ts';

/** Ten times a second looks alive; the numbers change no faster than a person reads. */
const EVERY_MS = 100;
const BAR_CELLS = 20;
const LONGEST_NAME = 36;
/** What a line needs with the longest name, the whole bar, a status and all amounts. */
const WIDE_CELLS = 160;
/** With `100 %  ` and the longest pace it fits in 80 columns; a shorter name leaves room for a bar. */
const LONGEST_NAME_NARROW = 24;
const LONGEST_PACE = 44;
const SHORTEST_BAR = 5;

/** Moves the cursor up so many lines, to the first column, and clears from there to the end of the screen. */
const clearUp = (lines: number) => `\u001b[${lines}F\u001b[0J`;

/**
 * A live table at the foot of the terminal, a line a running task; what has ended scrolls away above it.
 *
 *     ✓ public.customers  50,000 rows, 120,000 rows/s, 9.1 MB/s, in 420 ms
 *     copy                ██████████░░░░░░░░░░  52 %  120 k rows/s, 9.1 MB/s, 4.0 s left, 5,200,000 of 10.0 M rows
 *       public.orders     █████░░░░░░░░░░░░░░░  26 %  ...
 */
export class TerminalProgress implements ProgressView, TaskListener {
  readonly #output: Output;
  readonly #tree: ProgressTree;
  readonly #stop: () => void;
  #drawnLines = 0;
  #isClosed = false;

  constructor(output: Output, clock: Clock = systemClock) {
    this.#output = output;
    this.#tree = new ProgressTree(clock, this);
    this.#stop = clock.every(EVERY_MS, () => this.#redraw(''));
  }

  task(name: string, total?: ProgressAmount) {
    return this.#tree.task(name, total);
  }

  note(text: string, task?: TaskView): void {
    this.print(task === undefined ? text : `${fullName(task)}: ${text}`);
  }

  print(line: string): void {
    this.#redraw(`${oneLine(line)}\n`);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#stop();
    this.#redraw('');
    this.#isClosed = true;
    this.#drawnLines = 0;
  }

  begun(): void {
    this.#redraw('');
  }

  status(): void {
    this.#redraw('');
  }

  ended(task: TaskView): void {
    const mark = task.state === 'done' ? '✓' : '✗';
    const parts = [task.statusText, describeAmounts(task)].filter((part) => part !== '');
    this.#redraw(`${mark} ${oneLine(fullName(task))}  ${oneLine(parts.join(', '))}\n`);
  }

  /** `above` is printed for good, then the live table under it. One write, so that nothing flickers. */
  #redraw(above: string): void {
    if (this.#isClosed) {
      if (above !== '') this.#output.write(above);
      return;
    }
    const lines = this.#lines();
    if (above === '' && lines.length === 0 && this.#drawnLines === 0) return;
    const clear = this.#drawnLines > 0 ? clearUp(this.#drawnLines) : '';
    this.#output.write(`${clear}${above}${lines.map((line) => `${line}\n`).join('')}`);
    this.#drawnLines = lines.length;
  }

  /** At most a screen less two lines: what scrolls out can no longer be redrawn. */
  #lines(): string[] {
    const running = this.#tree.running();
    const fit = Math.max(sizeOr(this.#output.rows, 24) - 2, 1);
    const shown = running.length > fit ? running.slice(0, fit - 1) : running;
    const names = shown.map((task) => `${'  '.repeat(task.depth)}${oneLine(task.name)}`);
    const cells = this.#cells;
    const longestName = cells < WIDE_CELLS ? LONGEST_NAME_NARROW : LONGEST_NAME;
    const nameCells = Math.min(Math.max(...names.map(countCells), 0), longestName);
    const left = cells - nameCells - 2;
    const lines = shown.map((task, index) =>
      this.#cut(
        `${pad(fitCells(names[index] ?? '', nameCells), nameCells)}  ${describeLive(task, left)}`,
      ),
    );
    return running.length > fit ? [...lines, `  and ${running.length - shown.length} more`] : lines;
  }

  /** A line that wraps would count as two when it is cleared. */
  #cut(line: string): string {
    return fitCells(line, this.#cells);
  }

  get #cells(): number {
    return sizeOr(this.#output.columns, 80) - 1;
  }
}

/** A terminal that nobody told its size says 0. */
function sizeOr(size: number | undefined, usual: number): number {
  return size === undefined || size <= 0 ? usual : size;
}

/** What matters most comes first: the line may be cut. */
function describeLive(task: TaskView, cells: number): string {
  const { share, amount, total } = task;
  const isCounted = amount.rows > 0 || total.rows !== undefined;
  const status = oneLine(task.statusText);
  const parts =
    share === undefined
      ? [status, describeAmounts(task)]
      : [describePace(task), status, isCounted ? describeRows(amount.rows, total.rows) : ''];
  return `${describeShare(share, cells)}${parts.filter((part) => part !== '').join(', ')}`;
}

/** `█████░░░░░  52 %  `; the bar as long as the pace behind it leaves room for. */
function describeShare(share: number | undefined, cells: number): string {
  if (share === undefined) return '';
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %  `;
  const barCells = Math.min(BAR_CELLS, cells - percent.length - 1 - LONGEST_PACE);
  if (barCells < SHORTEST_BAR) return percent;
  const filled = Math.floor(share * barCells);
  return `${'█'.repeat(filled)}${'░'.repeat(barCells - filled)} ${percent}`;
}

function pad(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(cells - countCells(text), 0));
}
