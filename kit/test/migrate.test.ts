import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { isPostgresUrl } from '../src/database/postgres-address.ts';
import { StartError } from '../src/errors.ts';
import { databases, freshDatabase } from './databases.ts';
import { connect, createNotes, openNotes, writeMigrations } from './notes.ts';
import { startOtherProcess } from './other-process.ts';

const addPage = "await db.insertInto('notes').values({ text: 'first page' }).execute();";
const createPages = "await db.schema.createTable('pages').addColumn('id', 'integer').execute();";

function writeHistory({ dataDir }: { dataDir: string }, ...later: string[]) {
  const bodies = [createNotes, ...later].map((body, index) => [`000${index + 1}-step`, body]);
  return writeMigrations(dataDir, Object.fromEntries(bodies));
}

/** The names of all tables in all schemas, except system tables. */
async function tablesOf(url: string): Promise<string[]> {
  const db: Kysely<never> = connect(url) as never;
  const query = isPostgresUrl(url)
    ? sql<{ name: string }>`select table_schema || '.' || table_name as name from information_schema.tables
        where table_schema not in ('pg_catalog', 'information_schema')`
    : sql<{ name: string }>`select name from sqlite_master where type = 'table' and name not like 'sqlite%'`;
  const { rows } = await query.execute(db);
  await db.destroy();
  return rows.map(({ name }) => name.replace(/^notes\./, '')).sort();
}

async function notesOf(url: string): Promise<string[]> {
  const db = connect(url);
  const rows = await db.selectFrom('notes').select('text').execute();
  await db.destroy();
  return rows.map(({ text }) => text);
}

const tablesOfMigrator = ['kysely_migration', 'kysely_migration_lock'];

describe.each(databases)('migrations on %s', (kind) => {
  it('run once each, in the order of their numbers', async () => {
    await using fresh = await freshDatabase(kind, { isEmpty: true });
    const short = await openNotes(fresh.url, await writeHistory(fresh));
    await short.close();
    const migrations = await writeHistory(fresh, addPage, createPages);
    for (let start = 0; start < 2; start += 1) {
      const database = await openNotes(fresh.url, migrations);
      await database.close();
    }
    expect(await tablesOf(fresh.url)).toEqual([...tablesOfMigrator, 'notes', 'pages', 'replies']);
    expect(await notesOf(fresh.url)).toEqual(['first page']);
  });

  it('of a newer version stop an older version from starting, and the error names them', async () => {
    await using fresh = await freshDatabase(kind, { isEmpty: true });
    const newer = await openNotes(fresh.url, await writeHistory(fresh, addPage, createPages));
    await newer.close();
    const older = openNotes(fresh.url, await writeHistory(fresh));
    await expect(older).rejects.toThrow(
      new StartError(
        'The database was migrated by a newer version of this program (0002-step, 0003-step); start that version instead.',
      ),
    );
    await expect(older).rejects.toBeInstanceOf(StartError);
    expect(await notesOf(fresh.url)).toEqual(['first page']);
  });

  it('leave a database of another program as it is, and the error names its tables', async () => {
    await using fresh = await freshDatabase(kind, { isEmpty: true });
    const foreign = connect(fresh.url);
    if (kind === 'postgres') await foreign.schema.createSchema('notes').execute();
    for (const name of ['leads', 'notes']) await foreign.schema.createTable(name).addColumn('id', 'integer').execute();
    await foreign.destroy();

    const opening = openNotes(fresh.url, await writeHistory(fresh));

    await expect(opening).rejects.toThrow(
      new StartError(
        'The database for notes has tables of another program (leads, notes); set DATABASE_URL to a database of its own.',
      ),
    );
    await expect(opening).rejects.toBeInstanceOf(StartError);
    expect(await tablesOf(fresh.url)).toEqual(['leads', 'notes']);
  });

  it('run once when processes start together', async () => {
    await using fresh = await freshDatabase(kind, { isEmpty: true });
    await using processes = new AsyncDisposableStack();
    const migrations = await writeHistory(fresh, addPage);
    const started = await Promise.all([1, 2].map(startOtherProcess));
    for (const process of started) processes.use(process);
    const files = Array.from({ length: 20 }, (_, number) => `${fresh.url}-${number}`);
    for (const url of kind === 'sqlite' ? files : [fresh.url]) {
      await Promise.all(started.map((process) => process.run({ name: 'open', url, migrations })));
      expect(await notesOf(url)).toEqual(['first page']);
    }
  });

  it('leave no changes if one throws half-way', async () => {
    await using fresh = await freshDatabase(kind, { isEmpty: true });
    const failing = await writeHistory(fresh, `${createPages} throw new Error('half-way');`);
    await expect(openNotes(fresh.url, failing)).rejects.toThrow('half-way');
    expect(await tablesOf(fresh.url)).toEqual(tablesOfMigrator);

    const repaired = await openNotes(fresh.url, await writeHistory(fresh, createPages));
    await repaired.close();
    expect(await tablesOf(fresh.url)).toContain('pages');
  });

  it('leave no changes if the process is killed half-way', async () => {
    await using fresh = await freshDatabase(kind, { isEmpty: true });
    await using process = await startOtherProcess();
    const kill = "process.kill(process.pid, 'SIGKILL'); await new Promise(() => undefined);";
    const killing = await writeHistory(fresh, `${createPages} ${kill}`);
    await expect(process.run({ name: 'open', url: fresh.url, migrations: killing })).rejects.toThrow('ended');

    const repaired = await openNotes(fresh.url, await writeHistory(fresh, createPages));
    await repaired.close();
    expect(await tablesOf(fresh.url)).toContain('pages');
  });
});

describe('migrations within one process', () => {
  it('run once on PostgreSQL if the database is opened twice at once', async () => {
    await using fresh = await freshDatabase('postgres', { isEmpty: true });
    const migrations = await writeHistory(fresh, addPage);
    const opened = await Promise.all([openNotes(fresh.url, migrations), openNotes(fresh.url, migrations)]);
    for (const database of opened) await database.close();
    expect(await notesOf(fresh.url)).toEqual(['first page']);
  });
});

describe('a folder of migrations', () => {
  it('may contain other files', async () => {
    await using fresh = await freshDatabase('sqlite', { isEmpty: true });
    const folder = await writeHistory(fresh, addPage);
    await writeFile(join(folder, 'README.md'), 'not a migration');
    await writeFile(join(folder, '0003-step.d.ts'), 'not a migration');
    const database = await openNotes(fresh.url, folder);
    await database.close();
    expect(await notesOf(fresh.url)).toEqual(['first page']);
  });

  it('stops the start if one of its migrations cannot run', async () => {
    await using fresh = await freshDatabase('sqlite', { isEmpty: true });
    const folder = await writeHistory(fresh);
    await writeFile(join(folder, '0002-step.ts'), 'export async function down() {}');
    await expect(openNotes(fresh.url, folder)).rejects.toThrow('The migration 0002-step.ts exports no function "up".');
    expect(await tablesOf(fresh.url)).not.toContain('notes');
  });
});

describe('services that share a PostgreSQL database', () => {
  it('see no tables of each other, and create none in the public schema', async () => {
    await using fresh = await freshDatabase('postgres', { isEmpty: true });
    await using resources = new AsyncDisposableStack();
    for (const schema of ['crm', 'inventory', 'middleware']) {
      const body = `await db.schema.createTable('items_of_${schema}').addColumn('id', 'integer').execute();`;
      const folder = await writeMigrations(fresh.dataDir, { '0001-start': body });
      const { db } = resources.adopt(await openNotes(fresh.url, folder, { schema }), (open) => open.close());
      const { rows } = await sql<{ name: string }>`
        select relname as name from pg_class where relname like 'items%' and pg_table_is_visible(oid)`.execute(db);
      expect(rows).toEqual([{ name: `items_of_${schema}` }]);
    }
    expect(await tablesOf(fresh.url)).not.toContainEqual(expect.stringMatching(/^public\./));
  });
});
