import { DatabaseSync } from 'node:sqlite';

const cachePages = 4_000; // of 4 KiB each

/** A database on disk for what may not fit into memory. SQLite deletes its temporary file itself. */
export function openScratch(schema: string): DatabaseSync {
  const database = new DatabaseSync('');
  database.exec(`
    pragma journal_mode = off; pragma synchronous = off; pragma cache_size = ${cachePages};
    ${schema};
    begin`);
  return database;
}
