import { databases } from '@doorstep/kit/test/databases.ts';
import { runsOf } from '@doorstep/kit/test/openapi-run.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Movement } from '../src/movement.ts';
import { startTestInventory, type TestInventory } from './start.ts';
import { type Command, type Outcome, perform, waves } from './stock-commands.ts';

const runs = runsOf(3);
// the same seed repeats the requests, but not their timing
const seed = Number(process.env['PROPERTY_SEED'] || Date.now() % 1e9);

/** The statuses that are allowed; never a 5xx. */
const expected: Record<Command['kind'], number[]> = {
  add: [201],
  change: [200, 404, 409],
  set: [200, 404],
  'put item': [200, 404],
  'delete item': [204, 404, 409],
  'put kit': [200, 201, 400],
  'delete kit': [204, 404, 409],
  package: [200, 201],
  batch: [200],
  cancel: [200, 404, 409],
  reinstate: [200, 404, 409],
  move: [200, 404, 409],
};

type Package = Outcome['packages'][number];

function allMovements({ movements }: Outcome): Movement[] {
  return [...movements.values()].flat();
}

function sum(movements: Movement[]): number {
  return movements.reduce((total, { change }) => total + change, 0);
}

function movementsOf(outcome: Outcome, { id }: Package) {
  return allMovements(outcome).filter(({ package_id }) => package_id === id);
}

/** What a package has taken and not given back. */
function heldBy(outcome: Outcome, one: Package) {
  const byItem = Map.groupBy(movementsOf(outcome, one), ({ item_id }) => item_id);
  return [...byItem]
    .map(([item_id, movements]) => ({ item_id, quantity: -sum(movements) || 0 }))
    .filter(({ quantity }) => quantity !== 0)
    .sort((a, b) => a.item_id - b.item_id);
}

/** A reinstated package waits and takes by its age, but later than younger ones that were there before. */
function reinstatedIn({ sent }: Outcome): Set<number> {
  const reinstated = sent.filter(({ kind }) => kind === 'reinstate').flatMap(({ packages }) => packages);
  return new Set(reinstated.map(({ id }) => id));
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
const numbersOnly = (content: Package['content']) => content.map(({ item_id, quantity }) => ({ item_id, quantity }));

/** Invariants: each returns its counterexamples. */
const promises: Record<string, (outcome: Outcome) => unknown[]> = {
  'every response has an allowed status': ({ sent }) =>
    sent.filter(({ kind, status }) => !expected[kind].includes(status)),
  'a stock is the sum of its movements, and zero after the deletion of its item': ({ added, stocks, movements }) =>
    added.filter(({ id }) => sum(movements.get(id) ?? []) !== (stocks.get(id) ?? 0)),
  'every movement starts where the one before ended': ({ movements }) =>
    [...movements.values()].flatMap((chain) =>
      chain.filter(({ before }, index) => before !== (chain[index - 1]?.after ?? 0)),
    ),
  'every movement leads from before to after, and never below zero': (outcome) =>
    allMovements(outcome).filter(({ before, change, after }) => before + change !== after || after < 0),
  'no stock rises above its maximum': ({ added, movements }) =>
    added.flatMap(({ id, max_quantity }) =>
      (movements.get(id) ?? []).filter(
        ({ package_id, change, after }) => package_id === null && change > 0 && after > (max_quantity ?? after),
      ),
    ),
  'every change with the response 200 happened once, and no other did': (outcome) =>
    outcome.sent
      .filter(({ kind }) => kind === 'change')
      .filter(({ status, item, by, reason }) => {
        const done = allMovements(outcome).filter((movement) => movement.reason === reason);
        return !isSame(
          done.map(({ item_id, change }) => [item_id, change]),
          status === 200 && by !== 0 ? [[item, by]] : [],
        );
      }),
  'a package has taken its items, each once, and a cancelled one has given all of them back': (outcome) =>
    outcome.packages.filter(
      (one) => !isSame(heldBy(outcome, one), one.status === 'cancelled' ? [] : numbersOnly(one.content)),
    ),
  'a package takes and gives back in turn': (outcome) =>
    outcome.packages.filter((one) =>
      [...Map.groupBy(movementsOf(outcome, one), ({ item_id }) => item_id).values()].some((movements) =>
        movements.some(({ change }, index) => change < 0 !== (index % 2 === 0)),
      ),
    ),
  'a backordered package has taken nothing': ({ packages }) =>
    packages.filter(({ status, content }) => status === 'backordered' && content.length > 0),
  'a package that has waited has its items': (outcome) => {
    const shown = outcome.sent.flatMap(({ packages }) => packages);
    const waited = new Set(shown.filter(({ status }) => status === 'backordered').map(({ id }) => id));
    const reinstated = reinstatedIn(outcome);
    return outcome.packages.filter(({ id, status, content }) => {
      const isOver = status !== 'backordered' && status !== 'cancelled';
      return isOver && waited.has(id) && !reinstated.has(id) && content.length === 0;
    });
  },
  'the packages of a type take items oldest first': (outcome) =>
    byType(outcome).flatMap(([, packages]) => {
      const reinstated = reinstatedIn(outcome);
      const firsts = packages
        .filter(({ id }) => !reinstated.has(id))
        .map((one) => movementsOf(outcome, one).flatMap(({ id, change }) => (change < 0 ? [id] : [])))
        .filter(({ length }) => length > 0);
      return firsts.filter((ids, index) => Math.min(...ids) < Math.max(0, ...(firsts[index - 1] ?? [])));
    }),
  'no package has its items while an older one of its type waits': (outcome) =>
    byType(outcome).flatMap(([, packages]) => {
      const reinstated = reinstatedIn(outcome);
      const oldest = packages.findIndex(({ id, status }) => status === 'backordered' && !reinstated.has(id));
      const isPast = ({ status }: Package) => status !== 'backordered' && status !== 'cancelled';
      return oldest < 0 ? [] : packages.slice(oldest).filter(isPast);
    }),
  'no package waits that could be filled': (outcome) =>
    byType(outcome).filter(([type, packages]) => {
      const isShort = (outcome.kits.get(type) ?? []).some(
        ({ item_id, quantity }) => (outcome.stocks.get(item_id) ?? 0) < quantity,
      );
      return !isShort && packages.some(({ status }) => status === 'backordered');
    }),
};

function byType({ packages }: Outcome): [type: string, packages: Package[]][] {
  return [...Map.groupBy(packages, ({ packageType }) => packageType)];
}

describe.each(databases)('under any concurrent requests on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  it('no stock leaks, becomes negative or is taken twice', async () => {
    const property = fc.asyncProperty(waves, async (asked) => {
      const outcome = await perform(inventory, asked);

      const broken = Object.entries(promises).map(([promise, contradictions]) => [promise, contradictions(outcome)]);
      expect(broken).toEqual(Object.keys(promises).map((promise) => [promise, []]));
    });
    await fc.assert(property, { numRuns: runs, seed });
  });
});
