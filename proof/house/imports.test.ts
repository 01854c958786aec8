import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const options = await extractDepcruiseOptions(join(root, '.dependency-cruiser.mjs'));

type Import = readonly [from: string, to: string];

const refused: [rule: string, ...Import][] = [
  ['service: crm.ts, inventory.ts, middleware.ts', 'inventory/src/crm.ts', 'inventory/src/middleware.ts'],
  ['service: cli/command-line.ts', 'inventory/src/cli/command-line.ts', 'inventory/src/inventory.ts'],
  ['service: open-context.ts', 'inventory/src/open-context.ts', 'inventory/src/cli/command-line.ts'],
  ['service: adapters/', 'crm/src/adapters/bucket.ts', 'crm/src/crm.ts'],
  ['service: cli/', 'middleware/src/cli/status.ts', 'middleware/src/adapters/daemon-client.ts'],
  ['service: cli/', 'inventory/src/cli/export.ts', 'inventory/src/open-context.ts'],
  ['service: http/', 'middleware/src/http/routes.ts', 'middleware/src/adapters/crm-client.ts'],
  ['service: http/', 'middleware/src/http/filters.ts', 'middleware/src/cli/status.ts'],
  ['service: sync.ts, events/, background/', 'middleware/src/sync.ts', 'middleware/src/http/routes.ts'],
  ['service: reconcile/', 'middleware/src/reconcile/watch.ts', 'middleware/src/sync.ts'],
  ['service: deliver/', 'middleware/src/deliver/deliver.ts', 'middleware/src/sync.ts'],
  ['service: deliver/', 'middleware/src/deliver/decide.ts', 'middleware/src/adapters/crm-client.ts'],
  ['service: deliver/', 'middleware/src/deliver/store.ts', 'middleware/src/http/routes.ts'],
  ['service: deliver/', 'middleware/src/deliver/observe.ts', 'middleware/src/cli/status.ts'],
  ['service: intake/, pace/, report.ts', 'middleware/src/intake/poll.ts', 'middleware/src/pace/breaker.ts'],
  ['service: intake/, pace/, report.ts', 'middleware/src/pace/growth.ts', 'middleware/src/deliver/deliver.ts'],
  ['service: commands/, queries/', 'crm/src/commands/create-customer.ts', 'crm/src/http/routes.ts'],
  ['service: commands/, queries/', 'crm/src/commands/delete-customer.ts', 'crm/src/queries/get-customer.ts'],
  ['service: commands/, queries/', 'inventory/src/queries/get-item.ts', 'inventory/src/http/routes.ts'],
  ['service: commands/, queries/', 'inventory/src/queries/list-items.ts', 'inventory/src/commands/create-item.ts'],
  ['service: commands/, queries/', 'middleware/src/queries/get-status.ts', 'middleware/src/deliver/deliver.ts'],
  ['service: stock/, import/', 'inventory/src/stock/write-stock.ts', 'inventory/src/commands/create-item.ts'],
  ['service: context.ts', 'crm/src/context.ts', 'crm/src/commands/create-customer.ts'],
  ['service: db/', 'crm/src/db/customers.ts', 'crm/src/http/routes.ts'],
  ['service: db/', 'inventory/src/db/items.ts', 'inventory/src/commands/create-item.ts'],
  ['service: db/', 'inventory/src/db/kits.ts', 'inventory/src/queries/get-item.ts'],
  ['service: db/', 'middleware/src/db/claims.ts', 'middleware/src/deliver/deliver.ts'],
  ['service: db/', 'middleware/src/db/cursor.ts', 'middleware/src/intake/poll.ts'],
  ['service: db/', 'middleware/src/db/lock.ts', 'middleware/src/pace/breaker.ts'],
  ['service: db/', 'middleware/src/db/facts.ts', 'middleware/src/sync.ts'],
  ['service: the ground floor', 'crm/src/customer.ts', 'crm/src/db/customers.ts'],
  ['service: the ground floor', 'middleware/src/reconcile/reconciliation.ts', 'middleware/src/context.ts'],
  ['kit: http/, client/, work/', 'kit/src/work/worker.ts', 'kit/src/http/app.ts'],
  ['kit: process/', 'kit/src/process/logger.ts', 'kit/src/http/app.ts'],
  ['kit: auth/, cli/', 'kit/src/cli/command.ts', 'kit/src/process/logger.ts'],
  ['kit: database/', 'kit/src/database/open.ts', 'kit/src/process/logger.ts'],
  ['kit: the ground floor', 'kit/src/errors.ts', 'kit/src/database/open.ts'],
  ['express in its place', 'crm/src/http/access.ts', 'express'],
  ['express in its place', 'kit/src/process/metrics.ts', 'express'],
  ['axios in its place', 'middleware/src/intake/record.ts', 'axios'],
  ['axios-retry in its place', 'kit/src/http/app.ts', 'axios-retry'],
  ['services over HTTP', 'crm/src/event.ts', 'inventory/src/item.ts'],
  ['services over HTTP', 'middleware/test/poll.ts', 'crm/src/customer.ts'],
  ['services over HTTP', 'inventory/src/package.ts', '@doorstep/crm/src/customer.ts'],
  ['passwords in turn', 'crm/src/commands/log-in.ts', 'crm/src/password.ts'],
  ['kit without services', 'kit/src/text/fold.ts', 'crm/src/customer.ts'],
  ['kit without services', 'kit/test/eventually.ts', '@doorstep/middleware/src/format.ts'],
  ['ports', 'crm/src/adapters/bucket.ts', 'crm/src/crm.ts'],
  ['ports', 'middleware/src/adapters/inventory-client.ts', 'middleware/src/db/claims.ts'],
  ['ports', 'middleware/src/adapters/crm-client.ts', 'middleware/src/queries/get-status.ts'],
  ['ledger', 'middleware/src/http/work-routes.ts', 'middleware/src/db/claims.ts'],
  ['ledger', 'middleware/src/cli/replay.ts', 'middleware/src/db/claims.ts'],
  ['deliveries without queries', 'middleware/src/deliver/backlog.ts', 'middleware/src/queries/get-status.ts'],
  ['main is the top', 'proof/soak/soak.ts', 'crm/src/main.ts'],
  ['no tests in the program', 'kit/src/clock.ts', 'kit/test/eventually.ts'],
  ['no tests in the program', 'crm/migrations/0001-customers.ts', 'proof/soak/soak.ts'],
];

const circle: Import[] = [
  ['crm/src/item.ts', 'crm/src/lead.ts'],
  ['crm/src/lead.ts', 'crm/src/process.ts'],
  ['crm/src/process.ts', 'crm/src/item.ts'],
];

const allowed: Import[] = [
  ['crm/src/main.ts', 'crm/src/crm.ts'],
  ['crm/src/crm.ts', 'crm/src/adapters/bucket.ts'],
  ['crm/src/crm.ts', 'crm/src/http/routes.ts'],
  ['crm/src/http/routes.ts', 'crm/src/http/access.ts'],
  ['crm/src/http/routes.ts', 'crm/src/commands/create-customer.ts'],
  ['crm/src/http/routes.ts', 'crm/src/queries/get-customer.ts'],
  ['crm/src/queries/get-customer.ts', 'crm/src/db/customers.ts'],
  ['crm/src/db/customers.ts', 'crm/src/customer.ts'],
  ['crm/src/customer.ts', 'kit/src/errors.ts'],
  ['crm/src/adapters/bucket.ts', 'axios'],
  ['inventory/src/cli/command-line.ts', 'inventory/src/open-context.ts'],
  ['middleware/src/cli/command-line.ts', 'middleware/src/db/claims.ts'],
  ['middleware/src/sync.ts', 'middleware/src/deliver/deliver.ts'],
  ['middleware/src/deliver/deliver.ts', 'middleware/src/pace/breaker.ts'],
  ['middleware/src/db/facts.ts', 'middleware/src/reconcile/reconciliation.ts'],
  ['kit/src/http/app.ts', 'express'],
  ['kit/src/client/http-client.ts', 'axios-retry'],
  ['kit/src/work/worker.test.ts', 'kit/test/eventually.ts'],
  ['proof/soak/soak.ts', 'crm/src/crm.ts'],
  ['proof/soak/soak.ts', 'inventory/src/inventory.ts'],
  ['proof/soak/soak.ts', 'express'],
  ['crm/src/lead.ts', 'crm/src/item.ts'],
];

it('a forbidden import is refused by the rule that is for it', async () => {
  const found = await violations(refused.map(([, ...one]) => one));
  // what goes up in one row can come down in another
  expect(found.filter((one) => !one.startsWith('circle'))).toEqual(refused.map(words).sort());
});

it('a circle of type imports is refused', async () => {
  expect(await violations(circle)).toEqual(['circle: crm/src/item.ts imports crm/src/lead.ts']);
});

it('an allowed import is refused by no rule', async () => {
  expect(await violations(allowed)).toEqual([]);
});

it('every rule is seen refusing here, except for the top floor, which has none above it', () => {
  const seen = [...new Set(refused.map(([rule]) => rule)), 'circle', 'service: main.ts'];
  expect(seen.sort()).toEqual(options.ruleSet?.forbidden?.map(({ name }) => name).sort());
});

it('every floor has a file in a service or in the kit', () => {
  // as the rules name them: "service: events/, background/"
  const floors = (options.ruleSet?.forbidden ?? []).map(({ name = '' }) => name.split(': '));
  for (const [house, floor] of floors.filter((words) => words.length > 1)) {
    if (floor === 'the ground floor') continue;
    const houses = house === 'kit' ? ['kit'] : ['crm', 'inventory', 'middleware'];
    for (const room of floor?.split(', ') ?? []) {
      const places = houses.map((each) => join(root, each, 'src', room));
      expect(places.filter(existsSync), `no ${house} has ${room}`).not.toEqual([]);
    }
  }
});

function words([rule, from, to]: [rule: string, ...Import]) {
  return `${rule}: ${from} imports ${to}`;
}

/** What the project's own rules find in a folder that contains these imports and nothing else. */
async function violations(imports: Import[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'doorstep-'));
  try {
    await writeImports(folder, imports);
    const { output } = await cruise(['.'], { ...options, baseDir: folder });
    const { summary } = output as ICruiseResult;
    return summary.violations.map(({ rule, from, to }) => words([rule.name, from, to])).sort();
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes every file that either side names. They import types, which is the least that a rule has to see. */
async function writeImports(folder: string, imports: Import[]) {
  const contents = new Map<string, string[]>();
  for (const [from, to] of imports) {
    const isFile = /^\w+\//.test(to);
    if (isFile && !contents.has(to)) contents.set(to, []);
    const path = isFile ? `./${relative(dirname(from), to)}` : to;
    contents.set(from, [...(contents.get(from) ?? []), `import type {} from '${path}';\n`]);
  }
  for (const [file, lines] of contents) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), lines.join(''));
  }
}
