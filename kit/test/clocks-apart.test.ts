import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTokens } from '../src/auth/tokens.ts';
import { describe as describeFailure } from '../src/client/describe.ts';
import { asAxiosError, createHttpClient } from '../src/client/http-client.ts';
import { serviceToken } from '../src/client/service-token.ts';
import { systemClock } from '../src/clock.ts';
import { anyone, aServer, route } from './a-server.ts';

const closed = route({
  ...anyone,
  method: 'get',
  path: '/things',
  access: { roles: ['service'], open: false },
  handler: async () => ({ status: 200, body: [] }),
});

/** Both run in this process, so its clock is changed between the signature and the check. */
async function callWithClocksApart(aheadSeconds: number) {
  await using server = await aServer({ routes: [closed] });
  const tokens = createTokens('a key of no less than 32 bytes here');
  const token = serviceToken({ tokens, clock: systemClock, subject: 'middleware' });
  const client = createHttpClient({ baseUrl: server.url, timeoutMs: 5_000, connectionsMax: 1, token });
  client.interceptors.request.use((config) => {
    // runs first: the caller signs and dates by its own clock
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - aheadSeconds * 1000 });
    return config;
  });
  const { transformRequest } = client.defaults;
  client.defaults.transformRequest = [
    ...[transformRequest ?? []].flat(),
    (data) => {
      vi.useRealTimers();
      return data;
    },
  ];
  try {
    return (await client.get('/things')).status;
  } catch (error) {
    return describeFailure('Inventory', asAxiosError(error), {
      token: 'INVENTORY_TOKEN',
      url: 'INVENTORY_SERVICE_URL',
    });
  }
}

describe('two services whose clocks differ', () => {
  afterEach(() => vi.useRealTimers());

  it.each([0, 50, 300, -50, -310, -100_000])(
    'understand each other if the called one is %i s ahead',
    async (seconds) => {
      expect(await callWithClocksApart(seconds)).toBe(200);
    },
  );

  it('name the difference if the called one is too far ahead', async () => {
    expect(await callWithClocksApart(420)).toMatch(
      /^Inventory answered 401: The bearer token is refused only for its time: this machine's clock is 42\d s ahead of the caller's$/,
    );
  });
});
