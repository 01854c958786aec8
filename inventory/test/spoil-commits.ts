import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import type { FreshDatabase } from '@doorstep/kit/test/databases.ts';
import { sql } from 'kysely';

const onSqlite = [
  'create table nobody (item_id integer references items (id) deferrable initially deferred)',
  'create trigger spoiled after insert on movements begin insert into nobody values (-1); end',
];
const onPostgres = [
  `create function spoil() returns trigger language plpgsql as $$ begin raise 'spoiled'; end $$`,
  `create constraint trigger spoiled after insert on movements deferrable initially deferred
     for each row execute function spoil()`,
];

/** Makes the commit of every stock change fail until it is disposed of. */
export async function spoilCommits({ url }: FreshDatabase): Promise<AsyncDisposable> {
  const isPostgres = url.startsWith('postgres:');
  const run = async (statements: string[]) => {
    const migrations = join(import.meta.dirname, '../migrations');
    const { db, close } = await openDatabase({ url, schema: 'inventory', migrations, onError: () => undefined });
    for (const statement of statements) await sql.raw(statement).execute(db);
    await close();
  };
  await run(isPostgres ? onPostgres : onSqlite);
  const mend = isPostgres ? ['drop function spoil cascade'] : ['drop trigger spoiled', 'drop table nobody'];
  return { [Symbol.asyncDispose]: () => run(mend) };
}
