import { describe, expect, it } from 'vitest';
import { feedReply } from './feed.ts';

/** The reply to a query that found this many rows, with ids from 11. */
function reply(found: number, query: { after: number; limit: number } & Record<string, string | number | undefined>) {
  const rows = Array.from({ length: found }, (_, index) => ({ id: 11 + index }));
  return feedReply({ path: '/things', query, rows, idOf: (row) => row.id });
}

describe('a page of a feed', () => {
  it('links to the next page while there is more', () => {
    expect(reply(3, { after: 10, limit: 2 })).toEqual({
      status: 200,
      body: [{ id: 11 }, { id: 12 }],
      headers: { Link: '</things?after=12&limit=2>; rel="next"' },
    });
  });

  it('has no link if it is the last page, full or not', () => {
    expect(reply(2, { after: 10, limit: 2 })).toEqual({ status: 200, body: [{ id: 11 }, { id: 12 }] });
    expect(reply(1, { after: 10, limit: 2 })).toEqual({ status: 200, body: [{ id: 11 }] });
    expect(reply(0, { after: 10, limit: 2 })).toEqual({ status: 200, body: [] });
  });

  it('keeps the active filters in its link', () => {
    const { headers } = reply(2, { after: 0, limit: 1, status: 'a&b=ü>', lead_id: 7, name: undefined });
    expect(headers?.Link).toBe('</things?after=11&limit=1&status=a%26b%3D%C3%BC%3E&lead_id=7>; rel="next"');
  });
});
