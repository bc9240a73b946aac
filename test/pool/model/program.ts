import {
  array,
  constantFrom,
  integer,
  nat,
  oneof,
  record,
  constant,
  type Arbitrary,
} from 'fast-check';

/** One thing that a client does. Names are numbers of the few that all clients use. */
export type Step =
  | { readonly does: 'simple' | 'several' | 'fail' | 'unnamed' | 'literal' | 'flush' | 'copyOut' }
  | { readonly does: 'many'; readonly count: number }
  | { readonly does: 'named' | 'parse' | 'close'; readonly name: number; readonly text: number }
  | { readonly does: 'pipeline'; readonly names: readonly number[]; readonly failAt: number }
  | {
      readonly does: 'copyIn';
      readonly ending: 'done' | 'fail' | 'bad';
      readonly isExtended: boolean;
    }
  | { readonly does: 'sqlPrepare' | 'sqlExecute' | 'sqlDeallocate'; readonly name: number }
  | { readonly does: 'set'; readonly zone: number }
  | { readonly does: 'forget'; readonly isAll: boolean }
  | { readonly does: 'cancel'; readonly afterMs: number }
  | { readonly does: 'transaction'; readonly steps: readonly Step[]; readonly isKept: boolean }
  | { readonly does: 'leave'; readonly way: Leaving };

/** `open`: in a transaction; `midway`: before a Sync; `vanish`: with requests on their way. */
export type Leaving = 'close' | 'open' | 'vanish' | 'midway';

/** What happens to a whole pool. */
export interface Program {
  readonly poolSize: number;
  readonly mostPrepared: number;
  readonly mode: 'transaction' | 'auto';
  /** Clients write pieces of so many bytes; 0: everything at once. */
  readonly pieceBytes: number;
  readonly clients: readonly (readonly Step[])[];
  /** Servers are ended after so many milliseconds each. */
  readonly kills: readonly number[];
}

const name = nat(3);

const inTransaction: Arbitrary<Step> = oneof(
  record({ does: constantFrom('simple', 'several', 'unnamed', 'literal', 'flush', 'copyOut') }),
  record({ does: constant('named'), name, text: nat(3) }),
  record({ does: constantFrom('close'), name, text: constant(0) }),
  record({
    does: constant('copyIn'),
    ending: constant('done'),
    isExtended: constantFrom(true, false),
  }),
  record({ does: constantFrom('sqlExecute'), name }),
);

const step: Arbitrary<Step> = oneof(
  { weight: 4, arbitrary: inTransaction },
  record({ does: constant('many'), count: integer({ min: 2, max: 12 }) }),
  record({ does: constant('fail') }),
  record({ does: constantFrom('named', 'parse', 'close'), name, text: nat(3) }),
  record({
    does: constant('pipeline'),
    names: array(name, { minLength: 1, maxLength: 6 }),
    failAt: nat(7),
  }),
  record({
    does: constant('copyIn'),
    ending: constantFrom('done', 'fail', 'bad'),
    isExtended: constantFrom(true, false),
  }),
  record({ does: constantFrom('sqlPrepare', 'sqlExecute', 'sqlDeallocate'), name }),
  record({ does: constant('set'), zone: nat(2) }),
  record({ does: constant('forget'), isAll: constantFrom(true, false) }),
  record({ does: constant('cancel'), afterMs: nat(8) }),
  record({
    does: constant('transaction'),
    steps: array(inTransaction, { minLength: 1, maxLength: 4 }),
    isKept: constantFrom(true, false),
  }),
  record({ does: constant('leave'), way: constantFrom('close', 'open', 'vanish', 'midway') }),
);

export function programs(mostClients: number, mostSteps: number): Arbitrary<Program> {
  return record({
    poolSize: integer({ min: 1, max: 3 }),
    mostPrepared: constantFrom(2, 3, 100),
    mode: constantFrom('transaction', 'auto'),
    pieceBytes: constantFrom(0, 0, 11, 3),
    clients: array(array(step, { minLength: 3, maxLength: mostSteps }), {
      minLength: 2,
      maxLength: mostClients,
    }),
    kills: array(integer({ min: 1, max: 60 }), { maxLength: 2 }),
  });
}
