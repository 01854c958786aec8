import { z } from 'zod';
import { integerQuery } from './schemas.ts';

// Pages by id, because paging by offset skips rows if other rows are inserted or deleted between two pages.

export const feedLimitMax = 1000;

export const feedQuery = {
  after: integerQuery({ min: 0, max: Number.MAX_SAFE_INTEGER, default: 0 }).meta({
    description: 'Only rows with an id above this one',
  }),
  limit: integerQuery({ min: 1, max: feedLimitMax, default: feedLimitMax }),
};

export const feedHeaders = z.object({
  Link: z.string().optional().meta({ description: '`<…>; rel="next"` while there is more' }),
});

type FeedPage<Row> = {
  path: string;
  query: { after: number | string; limit: number } & Record<string, string | number | boolean | undefined>;
  /** Up to `limit + 1` rows; the extra row only shows that there is more. */
  rows: Row[];
  idOf: (row: Row) => number | string;
};

/** The reply of a feed: a plain array, with a link to the next page while there is more. */
export function feedReply<Row>({ path, query, rows, idOf }: FeedPage<Row>) {
  const body = rows.slice(0, query.limit);
  const last = body.at(-1);
  if (rows.length <= query.limit || last === undefined) return { status: 200, body };
  const next = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...query, after: idOf(last) })) {
    if (value !== undefined) next.set(name, String(value));
  }
  return { status: 200, body, headers: { Link: `<${path}?${next}>; rel="next"` } };
}
