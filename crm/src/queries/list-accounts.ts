import { contains } from '@doorstep/kit/database/contains.ts';
import type { Kysely } from 'kysely';
import type { CrmContext } from '../context.ts';
import { toAccount } from '../db/customer-view.ts';
import type { CrmDatabase } from '../db/schema.ts';

export type AccountQuery = {
  page: number;
  size: number;
  search?: string | undefined;
  sort: { field: keyof typeof sortColumns; direction: 'asc' | 'desc' };
  include_deleted: boolean;
};

const sortColumns = { id: 'id', name: 'search_key', email: 'email_key', created_at: 'created_at' } as const;

/** One page of customers. `search` matches text anywhere in a name or an email, ignoring case. */
export async function listAccounts({ db }: CrmContext, query: AccountQuery) {
  const { page, size, sort } = query;
  // select the ids from an index alone, because OFFSET reads every row it skips
  const ids = matching(db, query)
    .select('id')
    .orderBy(sortColumns[sort.field], sort.direction)
    .orderBy('id', sort.direction)
    .limit(size)
    .offset((page - 1) * size);
  const rows = await db
    .selectFrom('customers')
    .selectAll()
    .where('id', 'in', ids)
    .orderBy(sortColumns[sort.field], sort.direction)
    .orderBy('id', sort.direction)
    .execute();
  // a search scans all customers, so skip the count if the first page already holds every match
  const isWhole = page === 1 && rows.length < size;
  return { items: rows.map(toAccount), total: isWhole ? rows.length : await count(db, query) };
}

async function count(db: Kysely<CrmDatabase>, query: AccountQuery): Promise<number> {
  const { total } = await matching(db, query)
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return total;
}

function matching(db: Kysely<CrmDatabase>, { search, include_deleted }: AccountQuery) {
  return db
    .selectFrom('customers')
    .$if(!include_deleted, (query) => query.where('deleted_at', 'is', null))
    .$if(search !== undefined && search !== '', (query) => query.where(contains('search_key', search ?? '')));
}
