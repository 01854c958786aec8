import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { StartError } from '../errors.ts';

/**
 * Brings the database to the newest migration of `folder`. Two processes that start at once migrate once: the
 * second waits for the first one's lock. A migration that fails or is killed leaves the database as it was.
 * @throws StartError when a newer program has migrated this database already.
 */
export async function migrate<DB>(db: Kysely<DB>, folder: string, schema: string | undefined): Promise<void> {
  const migrations = await loadMigrations(folder);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    ...(schema && { migrationTableSchema: schema }),
  });
  const { error } = await migrator.migrateToLatest();
  if (!error) return;
  const unknown = (await appliedMigrations(db)).filter((name) => !(name in migrations));
  if (unknown.length === 0) throw error;
  throw new StartError(
    `The database was migrated by a newer version of this program (${unknown.join(', ')}); start that version instead.`,
  );
}

async function loadMigrations(folder: string): Promise<Record<string, Migration>> {
  const files = (await readdir(folder)).filter((file) => /^\d{4}-.+\.ts$/.test(file)).sort();
  const load = async (file: string) => [
    file.replace(/\.ts$/, ''),
    await import(pathToFileURL(join(folder, file)).href),
  ];
  return Object.fromEntries(await Promise.all(files.map(load)));
}

async function appliedMigrations<DB>(db: Kysely<DB>): Promise<string[]> {
  const table = db as unknown as Kysely<{ kysely_migration: { name: string } }>;
  const rows = await table
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
    .catch(() => []); // what went wrong went wrong before there was such a table
  return rows.map((row) => row.name);
}
