import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import nock from 'nock';
import { crmClient } from '../src/adapters/crm-client.ts';
import { isUsable } from '../src/adapters/inventory-answers.ts';
import { inventoryClient } from '../src/adapters/inventory-client.ts';
import type { IntegrationResult } from '../src/delivery.ts';

const baseUrl = 'http://text-ids.test';

type Entry = { id: unknown; name: string };
type Post = { customerId: unknown; customerName: string };

export const anEntry = (id: unknown): Entry => ({ id, name: `Customer ${id}` });

/** `afterUnknown`: what such a CRM shows after an id that it does not have. */
type Options = { honoursAfter?: boolean; pageSize?: number; afterUnknown?: 'everything' | 'nothing' | '404' };

/** A CRM with ids of any form, in the order of its list, and an Inventory without idempotency. */
export function textNeighbours(entries: Entry[], options: Options = {}) {
  const { honoursAfter = false, pageSize = 500, afterUnknown = 'everything' } = options;
  const packages: (Post & { id: number; key: string })[] = [];
  const reports: IntegrationResult[] = [];
  const asked: string[] = [];
  const web = nock(baseUrl).persist();
  web
    .get('/customers')
    .query(true)
    .reply(({ url }: Request) => {
      const { searchParams, search } = new URL(url);
      asked.push(search);
      const after = searchParams.get('after');
      const last = entries.findIndex(({ id }) => String(id) === after);
      if (honoursAfter && last === -1 && after !== '0') {
        if (afterUnknown === '404') return [404, {}];
        if (afterUnknown === 'nothing') return [200, []];
      }
      const shown = honoursAfter ? entries.slice(last + 1).slice(0, Number(searchParams.get('limit'))) : entries;
      return [200, shown];
    });
  web.put('/customers/integration').reply(async (request: Request) => {
    const { results } = (await request.json()) as { results: IntegrationResult[] };
    reports.push(...results);
    return [204];
  });
  web.post('/packages').reply(async (request: Request) => {
    const post = (await request.json()) as Post;
    packages.push({ ...post, id: packages.length + 1, key: String(request.headers.get('idempotency-key')) });
    return [201, packages.at(-1) as object];
  });
  web
    .get('/packages')
    .query(true)
    .reply(({ url }: Request) => {
      const wanted = new URL(url).searchParams.get('customerId')?.split(',');
      return [200, packages.filter(({ customerId }) => wanted?.includes(String(customerId)))];
    });
  const http = createHttpClient({ baseUrl, timeoutMs: 5_000, connectionsMax: 4, isUsable });
  const target = inventoryClient(http, {
    packageType: 'welcome_pack_v1',
    idempotency: async () => 'none',
    retriesMax: 0,
    firstWaitMs: 1,
    random: () => 0.5,
    onQuickRetry: () => undefined,
  });
  return { entries, packages, reports, asked, source: crmClient(http, pageSize), target };
}
