import { describe, expect, it } from 'vitest';
import { startPosition } from '../../src/ledger/index.ts';
import { parseLsn } from '../../src/wire/index.ts';

const at = parseLsn;
const pipeline = { name: 'shop', slot: 'sluice_shop', position: at('0/50'), spill: null };
const slot = { confirmedFlushLsn: at('0/40'), walStatus: 'reserved', invalidationReason: null };

describe('where following begins', () => {
  it('begins at the position of the ledger, whatever the slot has confirmed before it', () => {
    expect(startPosition(pipeline, slot, null)).toBe(at('0/50'));
    const level = { ...slot, confirmedFlushLsn: at('0/50') };
    expect(startPosition(pipeline, level, null)).toBe(at('0/50'));
  });

  it('has no position before the first copy', () => {
    expect(startPosition({ ...pipeline, position: null }, null, null)).toBeNull();
  });

  it.each([
    ['LEDGER_SLOT_MISSING', pipeline, null, null],
    ['LEDGER_SLOT_LOST', pipeline, { ...slot, walStatus: 'lost' }, null],
    ['LEDGER_SLOT_LOST', pipeline, { ...slot, invalidationReason: 'idle_timeout' }, null],
    ['LEDGER_SLOT_AHEAD', pipeline, { ...slot, confirmedFlushLsn: at('0/51') }, null],
    [
      'LEDGER_SPILL_MISSING',
      { ...pipeline, spill: 'a1' },
      { ...slot, confirmedFlushLsn: at('0/51') },
      null,
    ],
    [
      'LEDGER_SLOT_AHEAD',
      { ...pipeline, spill: 'a1' },
      { ...slot, confirmedFlushLsn: at('0/71') },
      { endLsn: at('0/70') },
    ],
  ] as const)('stops with %s', (code, known, found, spill) => {
    expect(() => startPosition(known, found, spill)).toThrow(expect.objectContaining({ code }));
  });

  it('does without a named spill that holds nothing the target lacks', () => {
    expect(startPosition({ ...pipeline, spill: 'a1' }, slot, null)).toBe(at('0/50'));
  });

  it('accepts a slot that is ahead of the ledger within the durable spill', () => {
    const ahead = { ...slot, confirmedFlushLsn: at('0/70') };
    const spilled = { ...pipeline, spill: 'a1' };
    expect(startPosition(spilled, ahead, { endLsn: at('0/70') })).toBe(at('0/50'));
  });
});
