import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Generated, Kysely, sql } from 'kysely';
import { type Database, type DatabaseOptions, openDatabase } from '../src/database/open.ts';
import { postgresDialect } from '../src/database/postgres.ts';
import { isPostgresUrl } from '../src/database/postgres-address.ts';
import { sqliteDialect } from '../src/database/sqlite.ts';
import { type DatabaseKind, type FreshDatabase, freshDatabase } from './databases.ts';

/** A minimal database of a service. */
export type Notes = {
  notes: { id: Generated<number>; text: string };
  /** The foreign key `note_id` is checked at commit. */
  replies: { id: Generated<number>; note_id: number };
};

export type NotesDatabase = AsyncDisposable &
  Database<Notes> & {
    /** A separate connection, like that of another process. */
    other: Kysely<Notes>;
    /** The errors passed to `onError`. */
    lost: Error[];
    /** The committed texts, in id order. */
    texts(): Promise<string[]>;
  };

const columns = JSON.stringify(join(import.meta.dirname, '../src/database/columns.ts'));

/** The body of the first migration. */
export const createNotes = `
  const { id, reference } = columnTypes(db);
  await db.schema.createTable('notes').addColumn('id', ...id)
    .addColumn('text', 'text', (column) => column.notNull().unique()).execute();
  await db.schema.createTable('replies').addColumn('id', ...id).addColumn('note_id', reference)
    .addForeignKeyConstraint('replies_note', ['note_id'], 'notes', ['id'],
      (constraint) => constraint.deferrable().initiallyDeferred()).execute();`;

/** Writes the bodies of `up(db)` as migrations into a new folder. Returns the folder. */
export async function writeMigrations(dataDir: string, bodies: Record<string, string>): Promise<string> {
  const folder = join(dataDir, `migrations-${crypto.randomUUID()}`);
  await mkdir(folder);
  for (const [name, body] of Object.entries(bodies)) {
    const source = `import { columnTypes } from ${columns};\nexport async function up(db) {${body}\n}\n`;
    await writeFile(join(folder, `${name}.ts`), source);
  }
  return folder;
}

export function writeNotesMigrations({ dataDir }: FreshDatabase): Promise<string> {
  return writeMigrations(dataDir, { '0001-notes': createNotes });
}

type OpenOptions = Partial<Pick<DatabaseOptions, 'schema' | 'onError' | 'onNotice'>>;

export function openNotes(url: string, migrations: string, options: OpenOptions = {}): Promise<Database<Notes>> {
  return openDatabase<Notes>({ schema: 'notes', onError: () => undefined, ...options, url, migrations });
}

/** Connects without migrating. */
export function connect(url: string, schema = 'notes'): Kysely<Notes> {
  const dialect = isPostgresUrl(url)
    ? postgresDialect({ url, schema, limited: true, onError: () => undefined })
    : sqliteDialect(url, true);
  return new Kysely<Notes>({ dialect });
}

/** The tests of a worker share one database, each with its own schema: creating one takes longer than most tests. */
let sharedPostgres: Promise<FreshDatabase> | undefined;

function shareDatabase(): Promise<FreshDatabase> {
  sharedPostgres ??= freshDatabase('postgres');
  return sharedPostgres;
}

/** A database with two empty tables, deleted on disposal. */
export async function aNotesDatabase(kind: DatabaseKind): Promise<NotesDatabase> {
  await using resources = new AsyncDisposableStack();
  const fresh = kind === 'postgres' ? await shareDatabase() : resources.use(await freshDatabase(kind));
  const schema = `notes_${crypto.randomUUID().slice(0, 8)}`;
  const migrations = await writeNotesMigrations(fresh);
  const lost: Error[] = [];
  const options = { schema, onError: (error: Error) => lost.push(error) };
  const database = resources.adopt(await openNotes(fresh.url, migrations, options), (open) => open.close());
  const other = resources.adopt(connect(fresh.url, schema), (open) => open.destroy());
  const owned = resources.move();
  return {
    ...database,
    other,
    lost,
    texts: async () => {
      const rows = await other.selectFrom('notes').select('text').orderBy('id').execute();
      return rows.map(({ text }) => text);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export async function addNote(db: Kysely<Notes>, text: string): Promise<string> {
  const row = await db.insertInto('notes').values({ text }).returning('text').executeTakeFirstOrThrow();
  return row.text;
}

/** Inserts a row that makes the commit fail on either database. */
export async function addReplyToNothing(db: Kysely<Notes>): Promise<void> {
  await db.insertInto('replies').values({ note_id: 404 }).execute();
}

export async function backendOf(db: Kysely<Notes>): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
  return rows[0]?.pid ?? 0;
}
