import { describe, expect, it } from 'vitest';
import { aServer, thingRoutes } from './a-server.ts';
import { call } from './call.ts';
import { eventually } from './eventually.ts';

describe('the log line of a request', () => {
  const good = { email: 'alice@example.com' };
  it.each([
    ['a read', 'debug', 'GET /things', undefined, undefined],
    ['a write by a person', 'info', 'POST /things', good, undefined],
    ['a write by an admin', 'info', 'POST /things', good, 'admin'],
    ['a write by another service', 'debug', 'POST /things', good, 'service'],
    ['a refused write by another service', 'info', 'POST /things', {}, 'service'],
  ])('of %s has the level %s', async (_what, level, request, body, role) => {
    for (const REQUIRE_AUTH of ['false', 'true']) {
      if (REQUIRE_AUTH === 'true' && role === undefined) continue; // refused
      const routes = thingRoutes.map((each) => ({ ...each, access: { roles: ['admin', 'service'], open: true } }));
      await using own = await aServer({ routes, environment: { REQUIRE_AUTH } });
      await call(own, request, { ...(body && { body }), headers: role ? await own.as(role) : {} });
      const line = await eventually(() => own.log.find(({ message }) => message.startsWith(request)) ?? false);
      expect([REQUIRE_AUTH, line.level]).toEqual([REQUIRE_AUTH, level]);
    }
  });

  it.each([
    ['without TRUSTED_PROXIES', '', '10.0.0.7', '127.0.0.1'],
    ['a trusted proxy', 'loopback', '10.0.0.7', '10.0.0.7'],
    ['a proxy behind another', 'loopback,192.168.0.0/16', '10.0.0.1, 10.0.0.7, 192.168.1.1', '10.0.0.7'],
    ['a gateway that adds the port', 'loopback', '10.0.0.7:49152', '10.0.0.7'],
    ['a gateway that adds the port to IPv6', 'loopback', '[2001:db8::7]:49152', '2001:db8::7'],
    ['a proxy that gives no address', 'loopback', 'unknown', undefined],
  ])('has the address of the client in its fields: %s', async (_what, TRUSTED_PROXIES, forwarded, client) => {
    await using own = await aServer({ routes: thingRoutes, environment: { TRUSTED_PROXIES } });
    await call(own, 'GET /things', { headers: { 'X-Forwarded-For': forwarded } });
    const line = await eventually(() => own.log.find(({ message }) => message.startsWith('GET /things')) ?? false);
    expect(line['client']).toBe(client);
  });
});
