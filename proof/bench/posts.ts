import { join } from 'node:path';
import { inTurns, type Line, toLine } from './line.ts';
import { load } from './load.ts';
import { startProcess } from './processes.ts';
import { startService } from './services.ts';
import type { DatabaseKind, Workplace } from './workplace.ts';

export const bareExpress = join(import.meta.dirname, 'bare-express-main.ts');

const clients = 32;
const seconds = 2;
const goal = 0.75;

/** The two public POST routes and their bodies, each of which is unique. */
export const posted = {
  crm: { path: '/customers', body: (n: number) => ({ name: `Customer ${n}`, email: `customer-${n}@example.com` }) },
  inventory: { path: '/packages', body: (n: number) => ({ customerId: n, customerName: `Customer ${n}` }) },
};

/** Both routes with durable writes, against a server that keeps its rows in memory. */
export async function postLines(workplace: Workplace, kinds: DatabaseKind[], rounds: number): Promise<Line[]> {
  const lines: Line[] = [];
  await using bare = startProcess(bareExpress);
  for (const kind of kinds) {
    for (const service of ['crm', 'inventory'] as const) {
      await using installation = await workplace.install(kind, { customers: 0, delivered: false });
      await using ours = await startService(service, installation.environment);
      const pairs = await comparePosts(service, { ours: ours.at, theirs: await bare.url }, rounds);
      const name = `POST ${posted[service].path}, ${clients} clients (${kind})`;
      lines.push(toLine({ name, than: 'bare Express, in memory', unit: '/s', better: 'more', goal }, pairs));
    }
  }
  return lines;
}

/**
 * Answers per second of two servers that take the same requests in turns. The first round warms both up and does not
 * count.
 */
export async function comparePosts(
  service: keyof typeof posted,
  urls: { ours: string; theirs: string },
  rounds: number,
): Promise<{ ours: number; theirs: number }[]> {
  const { path, body } = posted[service];
  let count = 0;
  const next = () => {
    count += 1;
    return body(count);
  };
  const [, ...measured] = await inTurns(rounds + 1, {
    ours: () => load({ url: urls.ours, path, clients, seconds, body: next }),
    theirs: () => load({ url: urls.theirs, path, clients, seconds, body: next }),
  });
  return measured;
}
