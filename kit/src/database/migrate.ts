import fs from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Kysely } from 'kysely';
import { FileMigrationProvider, type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import { StartError } from '../errors.ts';

/** Reports what a migration found, as a sentence for the log. */
export type Notice = (sentence: string) => void;

type Options = { folder: string; schema: string | undefined; onNotice?: Notice | undefined };

/**
 * Migrates the database to the newest migration of `folder`. If two processes start at once, only one migrates: the
 * other waits for its lock. A migration that fails or is killed leaves the database as it was.
 * @throws StartError if a newer version of the program has migrated this database.
 */
export async function migrate<DB>(db: Kysely<DB>, { folder, schema, onNotice }: Options): Promise<void> {
  const provider = migrationsIn(folder, onNotice ?? (() => undefined));
  const migrator = new Migrator({ db, provider, ...(schema && { migrationTableSchema: schema }) });
  const { error } = await migrator.migrateToLatest();
  if (!error) return;
  const migrations = await provider.getMigrations();
  const unknown = (await appliedMigrations(db)).filter((name) => !(name in migrations));
  if (unknown.length === 0) throw error;
  throw new StartError(
    `The database was migrated by a newer version of this program (${unknown.join(', ')}); start that version instead.`,
  );
}

function migrationsIn(folder: string, onNotice: Notice): MigrationProvider {
  const files = new FileMigrationProvider({
    fs,
    path,
    migrationFolder: folder,
    // import() reads `C:\…` as a URL with the scheme `c:`
    import: (file) => import(pathToFileURL(file).href),
    onFileIgnored(file, reason) {
      if (reason === 'NotMigration') throw new Error(`The migration ${file} exports no function "up".`);
    },
  });
  return {
    async getMigrations() {
      const migrations = Object.entries(await files.getMigrations());
      return Object.fromEntries(migrations.map(([name, { up }]) => [name, { up: withNotices(up, onNotice) }]));
    },
  };
}

/** Kysely passes the database alone. */
function withNotices(up: Migration['up'], onNotice: Notice): Migration['up'] {
  return (db) => (up as (db: unknown, onNotice: Notice) => Promise<void>)(db, onNotice);
}

async function appliedMigrations<DB>(db: Kysely<DB>): Promise<string[]> {
  const table = db as unknown as Kysely<{ kysely_migration: { name: string } }>;
  const rows = await table
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
    .catch(() => []); // the migration failed before this table existed
  return rows.map((row) => row.name);
}
