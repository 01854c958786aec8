import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { hostileRequests } from '@doorstep/kit/test/hostile-requests.ts';
import { type ApiDocument, type Operation, sourceOf, validRequests } from '@doorstep/kit/test/openapi-requests.ts';
import { runsOf, tryEveryOperation } from '@doorstep/kit/test/openapi-run.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDaemon, type Daemon } from './a-daemon.ts';

const runs = runsOf(1);
const ids = { max: 12 };

describe.each(databases)('the operations port against its OpenAPI document, the middleware on %s', (kind) => {
  let daemon: Daemon;
  let document: ApiDocument;

  beforeAll(async () => {
    daemon = await aDaemon(kind, { customers: 10 });
    document = (await call(daemon, 'GET /openapi.json')).body;
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  it('accepts valid requests, and answers as documented', async () => {
    const source = sourceOf(document, ids);
    const requestsTo = (operation: Operation) => validRequests(operation, source);
    const run = { name: `what is allowed, on ${kind}`, service: daemon, document, runs, requestsTo };

    const statuses = await tryEveryOperation({ ...run, rightRefusals: /^$/ });

    expect(statuses.get(200)).toBeGreaterThan(0);
  });

  it('answers any request as documented', async () => {
    const source = sourceOf(document, ids);
    const requestsTo = (operation: Operation) => hostileRequests(operation, source);
    const run = { name: `anything, on ${kind}`, service: daemon, document, runs, requestsTo };

    const statuses = await tryEveryOperation(run);

    for (const status of runs < 10 ? [200] : [200, 400]) expect(statuses.get(status)).toBeGreaterThan(0);
  });
});
