import { parseArgs } from 'node:util';
import { groups } from './groups.ts';
import type { DatabaseKind } from './workplace.ts';

export type BenchOptions = {
  json: boolean;
  peers: boolean;
  /** One of `groups`; unset: all. */
  only: string | undefined;
  kinds: [DatabaseKind, ...DatabaseKind[]];
  rounds: number;
};

const kinds: BenchOptions['kinds'] = ['sqlite', 'postgres'];
const roundsMax = 100;

/** @throws Error with one sentence that says what is wrong. */
export function readArguments(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      database: { type: 'string' },
      only: { type: 'string' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const { json, peers, only, database } = values;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > roundsMax)
    throw new Error(`--rounds is "${values.rounds}"; it takes a whole number from 1 to ${roundsMax}.`);
  const kind = kinds.find((known) => known === database);
  if (database !== undefined && !kind) throw new Error(`--database is "${database}"; it takes ${kinds.join(' or ')}.`);
  if (only !== undefined && !(only in groups))
    throw new Error(`--only is "${only}"; it takes one of ${Object.keys(groups).join(', ')}.`);
  return { json, peers, only, kinds: kind ? [kind] : kinds, rounds };
}
