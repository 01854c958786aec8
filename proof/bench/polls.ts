import { inTurns, type Line, median, toLine } from './line.ts';
import { launchMiddleware, startNeighbours } from './services.ts';
import type { DatabaseKind, Workplace } from './workplace.ts';

const few = 1_000;
const many = 1_000_000;
const pollsEach = 20;

/** An idle poll with a million delivered packages, against one with a thousand. */
export async function pollLines(workplace: Workplace, kind: DatabaseKind, rounds: number): Promise<Line[]> {
  await using large = await startSettledServices(workplace, kind, many);
  await using small = await startSettledServices(workplace, kind, few);
  const [, ...measured] = await inTurns(rounds + 1, {
    ours: () => pollMs(large.url),
    theirs: () => pollMs(small.url),
  });
  const name = `idle poll, ${many.toLocaleString('en')} delivered (${kind})`;
  return [toLine({ name, than: `${few.toLocaleString('en')} delivered`, unit: ' ms', better: 'less' }, measured)];
}

async function startSettledServices(workplace: Workplace, kind: DatabaseKind, customers: number) {
  await using resources = new AsyncDisposableStack();
  const { environment } = resources.use(await workplace.install(kind, { customers, delivered: true }));
  const neighbours = resources.use(await startNeighbours(environment));
  const middleware = resources.use(launchMiddleware(neighbours, environment));
  const url = await middleware.url;
  const running = resources.move();
  return { url, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function pollMs(url: string): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < pollsEach; count += 1) {
    const startedAt = performance.now();
    const response = await fetch(`${url}/poll`, { method: 'POST' });
    const { outcome } = (await response.json()) as { outcome: string };
    if (outcome !== 'idle') throw new Error(`the poll was ${outcome}`);
    times.push(performance.now() - startedAt);
  }
  return median(times);
}
