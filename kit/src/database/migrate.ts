import fs from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Kysely } from 'kysely';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import { StartError } from '../errors.ts';

/**
 * Migrates the database to the newest migration of `folder`. If two processes start at once, only one migrates: the
 * other waits for its lock. A migration that fails or is killed leaves the database as it was.
 * @throws StartError if a newer version of the program has migrated this database.
 */
export async function migrate<DB>(db: Kysely<DB>, folder: string, schema: string | undefined): Promise<void> {
  const provider = migrationsIn(folder);
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

function migrationsIn(folder: string): FileMigrationProvider {
  return new FileMigrationProvider({
    fs,
    path,
    migrationFolder: folder,
    // import() reads `C:\…` as a URL with the scheme `c:`
    import: (file) => import(pathToFileURL(file).href),
    onFileIgnored(file, reason) {
      if (reason === 'NotMigration') throw new Error(`The migration ${file} exports no function "up".`);
    },
  });
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
