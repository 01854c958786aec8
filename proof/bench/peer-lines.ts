import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { freePort } from '@doorstep/kit/test/start-postgres.ts';
import { byMiddleware, measureBacklog, slowMax, type Work } from './backlog.ts';
import { inTurns, type Line, type Missing, toLine } from './line.ts';
import { byNodeRed } from './node-red.ts';
import { nameOf, notInstalled, peerFile } from './peers.ts';
import { comparePosts, posted } from './posts.ts';
import { startProcess } from './processes.ts';
import { startService } from './services.ts';
import type { DatabaseKind, Workplace } from './workplace.ts';

const customers = 10_000;

/** The backlog against peers that do the same work with the same CRM, Inventory and database. */
export async function peerBacklogLines(workplace: Workplace, rounds: number): Promise<(Line | Missing)[]> {
  return [
    await againstWork(
      { workplace, kind: 'postgres', rounds },
      'pg-boss',
      peerFile('pg-boss', 'dist/index.js'),
      byPgBoss,
    ),
    await againstWork({ workplace, kind: 'sqlite', rounds }, 'node-red', peerFile('node-red', 'red.js'), byNodeRed),
  ];
}

type Order = { workplace: Workplace; kind: DatabaseKind; rounds: number };

async function againstWork(
  { workplace, kind, rounds }: Order,
  peer: Parameters<typeof nameOf>[0],
  file: string | undefined,
  work: (file: string) => Work,
): Promise<Line | Missing> {
  const words = {
    name: `backlog of ${customers.toLocaleString('en')} (${kind})`,
    than: `${nameOf(peer)}, over ${slowMax.toLocaleString('en')}`,
  };
  if (!file) return { ...words, missing: notInstalled };
  const backlog = { workplace, kind, customers };
  const pairs = await inTurns(rounds, {
    ours: () => measureBacklog(backlog, byMiddleware(customers)),
    theirs: () => measureBacklog({ ...backlog, customers: slowMax }, work(file)),
  });
  return toLine({ ...words, unit: '/s', better: 'more' }, pairs);
}

const pgBoss = join(import.meta.dirname, 'pg-boss-main.ts');

const byPgBoss =
  (file: string): Work =>
  async ({ neighbours: { crm, inventory }, environment, resources, begin }) => {
    const words = [file, environment['DATABASE_URL'] ?? '', crm.at, inventory.at, String(slowMax)];
    const worker = resources.use(startProcess(pgBoss, {}, words));
    // by then its schema exists, as ours does
    await worker.hasWritten(/started/, 1);
    begin();
    // the time to mark the last batch as done is not counted
    await worker.hasWritten(/all are posted/, 1);
  };

/** Both public POST routes against json-server, which keeps its rows in a JSON file. */
export async function peerPostLines(workplace: Workplace, rounds: number): Promise<(Line | Missing)[]> {
  const file = peerFile('json-server', 'lib/cli/bin.js');
  const lines: (Line | Missing)[] = [];
  for (const service of ['crm', 'inventory'] as const) {
    const words = { name: `POST ${posted[service].path}, 32 clients (sqlite)`, than: nameOf('json-server') };
    if (!file) {
      lines.push({ ...words, missing: notInstalled });
      continue;
    }
    await using installation = await workplace.install('sqlite', { customers: 0, delivered: false });
    await using ours = await startService(service, installation.environment);
    await using theirs = await startJsonServer(file, installation.environment['DATA_DIR'] ?? '');
    const pairs = await comparePosts(service, { ours: ours.at, theirs: theirs.at }, rounds);
    lines.push(toLine({ ...words, unit: '/s', better: 'more' }, pairs));
  }
  return lines;
}

async function startJsonServer(file: string, dataDir: string) {
  const rows = join(dataDir, 'rows.json');
  await writeFile(rows, JSON.stringify({ customers: [], packages: [] }));
  const port = await freePort();
  const server = startProcess(file, {}, ['--host', '127.0.0.1', '--port', String(port), '--quiet', rows]);
  const at = `http://127.0.0.1:${port}`;
  await eventually(async () => (await fetch(`${at}/customers`)).ok);
  return Object.assign(server, { at });
}
