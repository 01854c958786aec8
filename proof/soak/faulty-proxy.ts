import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal } from './journal.ts';
import type { Random } from './random.ts';
import { pause } from './waits.ts';

/** What happens to a connection. */
type Mode =
  | { kind: 'passed' }
  /** Forwards nothing and resets the connection. */
  | { kind: 'refused' }
  /** Forwards requests, and resets the connection instead of forwarding the answer. */
  | { kind: 'reply lost' }
  | { kind: 'delayed'; ms: number }
  /** Resets the connection after this many bytes in either direction. */
  | { kind: 'cut'; bytesLeft: number }
  /** Stays open, but forwards nothing. */
  | { kind: 'half-open' };

type Connection = { client: Socket; upstream: Socket; mode: Mode };

export type FaultyProxy = AsyncDisposable & { url: string; passAll(): void };

type Options = { name: string; targetPort: number; random: Random; journal: Journal; over: AbortSignal };

const foul = { passed: 6, refused: 3, 'reply lost': 3, delayed: 3, cut: 3, 'half-open': 1 };
const fair = { passed: 60, refused: 1, 'reply lost': 1, delayed: 3, cut: 1, 'half-open': 0.5 };
const delayMaxMs = 2_500;
const cutBytesMax = 2_000;

/** A proxy that alternates between good and bad periods; each connection gets a random mode. */
export async function startFaultyProxy({ name, targetPort, random, journal, over }: Options): Promise<FaultyProxy> {
  const connections = new Set<Connection>();
  const windows = random.fork('windows');
  const choices = random.fork('connections');
  const closed = new AbortController();
  const until = AbortSignal.any([over, closed.signal]);
  let weights: typeof foul | undefined;

  function chooseMode(): Mode {
    if (!weights) return { kind: 'passed' };
    const kind = choices.weighted(weights);
    if (kind !== 'passed') journal.fault(`connection ${kind}`, name);
    if (kind === 'delayed') return { kind, ms: choices.between(50, delayMaxMs) };
    if (kind === 'cut') return { kind, bytesLeft: choices.whole(1, cutBytesMax) };
    return { kind };
  }

  const server = createServer((client) => {
    const connection = { client, upstream: connect(targetPort, '127.0.0.1'), mode: chooseMode() };
    if (connection.mode.kind === 'refused') reset(connection);
    connections.add(connection);
    join(connection, () => connections.delete(connection));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  async function changeWeather() {
    while (!until.aborted) {
      weights = windows.chance(0.4) ? foul : fair;
      const lastsMs = windows.between(2_000, 10_000);
      // kept-alive connections last for hours, so open ones get a new mode too
      for (const connection of connections) {
        if (connection.mode.kind !== 'half-open') connection.mode = chooseMode();
        if (connection.mode.kind === 'refused') reset(connection);
      }
      await pause(lastsMs, until);
    }
  }
  const changing = changeWeather();
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    passAll() {
      weights = undefined;
      for (const connection of connections) {
        // a faulty connection may already have lost bytes
        if (connection.mode.kind === 'passed') continue;
        reset(connection);
      }
    },
    async [Symbol.asyncDispose]() {
      closed.abort();
      await changing;
      for (const connection of connections) reset(connection);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function join(connection: Connection, onClosed: () => void) {
  const { client, upstream } = connection;
  const directions = [
    { from: client, to: upstream, isReply: false },
    { from: upstream, to: client, isReply: true },
  ];
  for (const { from, to, isReply } of directions) {
    let order = Promise.resolve();
    const inOrder = (step: () => unknown) => {
      order = order.then(step).then(() => undefined);
    };
    from.on('data', (bytes: Buffer) => {
      from.pause();
      inOrder(async () => {
        await passOn(connection, { bytes, to, isReply });
        from.resume();
      });
    });
    from.on('end', () => inOrder(() => connection.mode.kind !== 'half-open' && to.end()));
    from.on('error', () => undefined);
    from.on('close', (hadError) => {
      if (connection.mode.kind === 'half-open' && isReply) return; // the client must not notice
      if (hadError) reset(connection);
      else to.end();
      if (!isReply) onClosed();
    });
  }
}

type Bytes = { bytes: Buffer; to: Socket; isReply: boolean };

async function passOn(connection: Connection, { bytes, to, isReply }: Bytes) {
  const { mode } = connection;
  if (mode.kind === 'half-open') return;
  if (mode.kind === 'delayed') await sleep(mode.ms);
  if (mode.kind === 'reply lost' && isReply) return reset(connection);
  if (mode.kind === 'cut') {
    const passed = bytes.subarray(0, mode.bytesLeft);
    mode.bytesLeft -= passed.length;
    if (!to.destroyed) to.write(passed);
    // the bytes have to leave before the reset, or none of them arrives
    if (mode.bytesLeft === 0) setImmediate(() => reset(connection));
    return;
  }
  if (!to.destroyed) to.write(bytes);
}

function reset({ client, upstream }: Connection) {
  client.resetAndDestroy();
  upstream.destroy();
}
