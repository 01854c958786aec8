import type { FreshDatabase } from '@doorstep/kit/test/databases.ts';
import { sql } from 'kysely';
import { openCrmDatabase } from './start.ts';

export type Spoiled = 'the writing of its event' | 'the commit';

const onSqlite: Record<Spoiled, string[]> = {
  'the writing of its event': [
    `create trigger spoiled before insert on events begin select raise(abort, 'spoiled'); end`,
  ],
  'the commit': [
    'create table nobody (customer_id integer references customers (id) deferrable initially deferred)',
    'create trigger spoiled after insert on events begin insert into nobody values (-1); end',
  ],
};

const fail = `create function spoil() returns trigger language plpgsql as $$ begin raise 'spoiled'; end $$`;
const onPostgres: Record<Spoiled, string[]> = {
  'the writing of its event': [
    fail,
    'create trigger spoiled before insert on events for each row execute function spoil()',
  ],
  'the commit': [
    fail,
    `create constraint trigger spoiled after insert on events deferrable initially deferred
       for each row execute function spoil()`,
  ],
};

/** Makes every change of a customer fail at this point until disposed of. */
export async function spoilEvents(database: FreshDatabase, spoiled: Spoiled): Promise<AsyncDisposable> {
  const isPostgres = database.url.startsWith('postgres:');
  const run = async (statements: string[]) => {
    await using opened = await openCrmDatabase(database);
    for (const statement of statements) await sql.raw(statement).execute(opened.db);
  };
  await run((isPostgres ? onPostgres : onSqlite)[spoiled]);
  const mend = isPostgres ? ['drop function spoil cascade'] : ['drop trigger spoiled', 'drop table if exists nobody'];
  return { [Symbol.asyncDispose]: () => run(mend) };
}
