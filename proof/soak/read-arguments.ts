import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { StartError } from '@doorstep/kit/errors.ts';
import type { DatabaseKind } from '@doorstep/kit/test/databases.ts';

export type SoakOptions = {
  minutes: number;
  kinds: DatabaseKind[];
  /** `slow`: an Inventory that is slow and does not refuse doubles. */
  inventory: 'ours' | 'slow';
  seed: string;
  json: boolean;
  keep: boolean;
};

const minutesMax = 24 * 60;

/** @throws StartError with one sentence that says what is wrong. */
export function readArguments(words: string[]): SoakOptions {
  const { minutes, database, inventory = 'ours', seed, json = false, keep = false } = parse(words);
  if (minutes === undefined) throw new StartError('--minutes is missing; it takes a number, such as --minutes 5.');
  const number = Number(minutes);
  if (!/^\d+(\.\d+)?$/.test(minutes) || number <= 0 || number > minutesMax) {
    throw new StartError(`--minutes is ${JSON.stringify(minutes)}; it takes a number above 0, ${minutesMax} at most.`);
  }
  if (database !== undefined && database !== 'sqlite' && database !== 'postgres') {
    throw new StartError(`--database is ${JSON.stringify(database)}; it takes sqlite or postgres.`);
  }
  if (inventory !== 'ours' && inventory !== 'slow') {
    throw new StartError(`--inventory is ${JSON.stringify(inventory)}; it takes ours or slow.`);
  }
  // the seed becomes part of the command that repeats the run
  if (seed !== undefined && !/^[\w.-]{1,64}$/.test(seed)) {
    throw new StartError(`--seed is ${JSON.stringify(seed)}; it takes 1 to 64 letters, digits, dots and hyphens.`);
  }
  return {
    minutes: number,
    kinds: database ? [database] : ['sqlite', 'postgres'],
    inventory,
    seed: seed ?? randomBytes(4).toString('hex'),
    json,
    keep,
  };
}

const takes = 'it takes --minutes N [--database sqlite|postgres] [--inventory ours|slow] [--seed S] [--json] [--keep]';

function parse(words: string[]) {
  try {
    const { values } = parseArgs({
      args: words,
      options: {
        minutes: { type: 'string' },
        database: { type: 'string' },
        inventory: { type: 'string' },
        seed: { type: 'string' },
        json: { type: 'boolean' },
        keep: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    const [sentence] = (error as Error).message.split(/[.\n]/);
    throw new StartError(`${sentence}; ${takes}.`);
  }
}
