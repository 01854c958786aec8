import { type Kysely, sql } from 'kysely';
import { StartError } from '../errors.ts';

type Server = { encoding: string; is_read_only: string; date_style: string; zone: string; path: string };

/**
 * Checks that the server can keep the data and that the connection is set up as the queries need it.
 * @throws StartError if not.
 */
export async function checkServer<DB>(db: Kysely<DB>, schema: string): Promise<void> {
  const { rows } = await sql<Server>`select current_setting('server_encoding') as encoding,
    current_setting('transaction_read_only') as is_read_only, current_setting('DateStyle') as date_style,
    current_setting('TimeZone') as zone, current_setting('search_path') as path`.execute(db);
  const { encoding, is_read_only, date_style, zone, path } = rows[0] as Server;
  if (encoding !== 'UTF8') {
    throw new StartError(
      `The database for ${schema} is encoded in ${encoding}, which cannot hold every name; create it in UTF8: createdb --encoding UTF8 --template template0 NAME.`,
    );
  }
  if (is_read_only === 'on') {
    throw new StartError(
      `The database for ${schema} is read-only: the server is a standby, or default_transaction_read_only is on; name the server that takes writes.`,
    );
  }
  if (!date_style.startsWith('ISO') || zone !== 'UTC' || path !== schema) {
    throw new StartError(
      `The database for ${schema} ignores the connection options of this service (search_path is ${path}, TimeZone ${zone}, DateStyle ${date_style}), as a connection pooler may; connect to the server itself.`,
    );
  }
}

/** Tables must never land in another schema. */
export async function checkSchema<DB>(db: Kysely<DB>, schema: string): Promise<void> {
  const { rows } = await sql<{ current: string | null }>`select current_schema() as current`.execute(db);
  const current = rows[0]?.current;
  if (current === schema) return;
  throw new StartError(
    `The database for ${schema} uses the schema ${current ?? 'of nobody'}; its role needs the right to use the schema ${schema}.`,
  );
}
