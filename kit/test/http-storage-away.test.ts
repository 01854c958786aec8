import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Database } from '../src/database/open.ts';
import { line } from '../src/http/schemas.ts';
import { anyone, aServer, route } from './a-server.ts';
import { call } from './call.ts';
import { type DatabaseKind, databases, freshDatabase } from './databases.ts';
import { eventually } from './eventually.ts';
import { addNote, type Notes, openNotes, writeNotesMigrations } from './notes.ts';
import { startTcpProxy } from './tcp-proxy.ts';

function noteRoutes({ db, write }: Database<Notes>) {
  return [
    route({
      ...anyone,
      method: 'post',
      path: '/notes',
      body: z.object({ text: line({ max: 50_000 }) }),
      handler: async (_context, { body: { text } }) => {
        return { status: 201, body: await write((trx) => addNote(trx, text)) };
      },
    }),
    route({
      ...anyone,
      method: 'get',
      path: '/notes',
      handler: async () => ({ status: 200, body: await db.selectFrom('notes').select('text').execute() }),
    }),
  ];
}

type Outage = { begin(): Promise<void>; end(): Promise<void> };

/** A service that stores notes, and an outage of its database. */
async function aNotesServer(kind: DatabaseKind) {
  await using resources = new AsyncDisposableStack();
  const fresh = resources.use(await freshDatabase(kind));
  const migrations = await writeNotesMigrations(fresh);
  const network = kind === 'postgres' ? resources.use(await startTcpProxy(fresh.url)) : undefined;
  const notes = resources.adopt(await openNotes(network?.url ?? fresh.url, migrations), (open) => open.close());
  const outage: Outage = network ? { begin: network.refuse, end: network.accept } : fullDisk(notes);
  const server = resources.use(await aServer({ routes: noteRoutes(notes), checks: { database: notes.check } }));
  const owned = resources.move();
  return { ...server, outage, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Simulates a full disk. */
function fullDisk({ db }: Database<Notes>): Outage {
  const limitPages = async (max: number) => {
    await sql`pragma max_page_count = ${sql.lit(max)}`.execute(db);
  };
  return { begin: () => limitPages(1), end: () => limitPages(1_000_000) };
}

describe.each(databases)('while its %s database is unavailable, a service', (kind) => {
  it('answers 503 with Retry-After, and works again once the database is back', async () => {
    await using server = await aNotesServer(kind);
    expect((await call(server, 'POST /notes', { body: { text: 'before' } })).status).toBe(201);
    await server.outage.begin();
    const { status, headers, body } = await call(server, 'POST /notes', {
      body: { text: 'meanwhile'.padEnd(20_000, '.') },
    });
    expect([status, body]).toEqual([
      503,
      {
        type: 'about:blank',
        title: 'Service Unavailable',
        status: 503,
        detail: 'The storage is not available at the moment',
        error: 'The storage is not available at the moment',
      },
    ]);
    expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0);

    await server.outage.end();
    await eventually(async () => {
      expect((await call(server, 'POST /notes', { body: { text: 'after' } })).status).toBe(201);
    });
    expect((await call(server, 'GET /notes')).body).toEqual([{ text: 'before' }, { text: 'after' }]);
  });
});

describe('while its PostgreSQL database is unavailable, a service', () => {
  it('is alive but not healthy', async () => {
    await using server = await aNotesServer('postgres');
    await server.outage.begin();
    expect((await call(server, 'GET /livez')).status).toBe(200);
    for (const path of ['/health', '/readyz']) {
      const { status, body } = await call(server, `GET ${path}`);
      expect([status, body.checks.database]).toEqual([503, 'failing']);
    }
    expect((await call(server, 'GET /notes')).status).toBe(503);

    await server.outage.end();
    await eventually(async () => expect((await call(server, 'GET /health')).status).toBe(200));
    expect((await call(server, 'GET /notes')).status).toBe(200);
  });
});
