import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { describe as describeFailure } from '../src/client/describe.ts';
import { asAxiosError, createHttpClient, isRouteAbsent, neverArrived } from '../src/client/http-client.ts';
import { isFromProxy } from '../src/client/proxy-answers.ts';

const html = { 'Content-Type': 'text/html' };
const settings = { token: 'INVENTORY_TOKEN', url: 'INVENTORY_SERVICE_URL' };

async function aServer(answer: RequestListener) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  server.on('connect', ({ url }, socket) => {
    requests.push(`CONNECT ${url}`);
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const dispose = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}`, requests, [Symbol.asyncDispose]: dispose };
}

/** Calls the address and returns the failure. */
async function fail(baseUrl: string, proxy?: string) {
  const proxies = { http: proxy, https: proxy, except: [] };
  const client = createHttpClient({ baseUrl, timeoutMs: 5_000, connectionsMax: 1, proxies, token: async () => 'k3y' });
  return client.get('/packages').then(
    () => expect.fail('the call succeeded'),
    (error) => asAxiosError(error),
  );
}

describe('a call', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('goes through the proxy to an address elsewhere', async () => {
    await using proxy = await aServer((_request, response) =>
      response.setHeader('Content-Type', 'application/json').end('[]'),
    );
    const proxies = { http: proxy.url, except: [] };
    const client = createHttpClient({ baseUrl: 'http://inventory.test', timeoutMs: 5_000, connectionsMax: 1, proxies });

    expect((await client.get('/packages')).data).toEqual([]);
    expect(proxy.requests).toEqual(['GET http://inventory.test/packages']);
  });

  it('goes directly to this machine, whatever the environment of the process says', async () => {
    await using proxy = await aServer((_request, response) => response.writeHead(502).end());
    await using inventory = await aServer((_request, response) => response.end('[]'));
    for (const name of ['http_proxy', 'HTTP_PROXY', 'ALL_PROXY']) vi.stubEnv(name, proxy.url);
    for (const proxies of [undefined, { http: proxy.url, except: [] }]) {
      const client = createHttpClient({ baseUrl: inventory.url, timeoutMs: 5_000, connectionsMax: 1, proxies });
      await client.get('/packages');
    }

    expect([proxy.requests, inventory.requests]).toEqual([[], ['GET /packages', 'GET /packages']]);
  });
});

describe('an answer of the proxy', () => {
  it.each([
    ['a page', 502, html, '<html><h1>Bad Gateway</h1></html>'],
    ['a page', 404, html, '<html><h1>Unknown host</h1></html>'],
    ['a page', 403, html, '<!DOCTYPE html><p>Blocked</p>'],
    ['plain text', 503, { Via: '1.1 squid' }, 'upstream connect error'],
    ['a mark of its own', 500, { 'X-Squid-Error': 'ERR_DNS_FAIL 0' }, ''],
  ])('is named if it is %s with %i', async (_what, status, headers, body) => {
    await using proxy = await aServer((_request, response) => response.writeHead(status, headers).end(body));

    const failure = await fail('http://inventory.test', proxy.url.replace('//', '//me:hidden@'));

    expect(describeFailure('Inventory', failure, settings)).toBe(
      `Inventory cannot be reached: the proxy ${proxy.host} answered ${status}; an address that needs no proxy belongs in NO_PROXY`,
    );
    expect([isFromProxy(failure.response), isRouteAbsent(failure)]).toEqual([true, false]);
  });

  it.each([
    ['http://inventory.test', 'HTTP_PROXY', 'GET http://inventory.test/packages'],
    ['https://inventory.test', 'HTTPS_PROXY', 'CONNECT inventory.test:443'],
  ])('asks for credentials on the way to %s', async (address, variable, request) => {
    await using proxy = await aServer((_request, response) => response.writeHead(407).end());

    const failure = await fail(address, proxy.url.replace('//', '//me:hidden@'));

    expect(describeFailure('Inventory', failure, settings)).toBe(
      `Inventory cannot be reached: the proxy ${proxy.host} answered 407; check the user name and the password in ${variable}`,
    );
    expect(proxy.requests).toEqual([request]);
  });

  it('is named as one on the way if no proxy is set', async () => {
    await using gateway = await aServer((_request, response) => response.writeHead(407).end());

    expect(describeFailure('Inventory', await fail(gateway.url), settings)).toBe(
      'Inventory cannot be reached: a proxy on the way answered 407',
    );
  });

  it('does not come if the proxy is away, and then nothing has arrived', async () => {
    const failure = await fail('http://inventory.test', 'http://me:hidden@127.0.0.1:1');

    expect(describeFailure('Inventory', failure, settings)).toBe(
      'Inventory cannot be reached: the proxy 127.0.0.1:1 does not answer (ECONNREFUSED); is HTTP_PROXY right?',
    );
    expect(neverArrived(failure)).toBe(true);
  });
});

describe('an answer that a proxy passes on', () => {
  it('is that of the other side', async () => {
    const headers = { Via: '1.1 squid', 'Content-Type': 'application/json' };
    await using proxy = await aServer((_request, response) =>
      response.writeHead(401, headers).end('{"error":"no k3y"}'),
    );

    const failure = await fail('http://inventory.test', proxy.url);

    expect(describeFailure('Inventory', failure, settings)).toBe(
      'Inventory answered 401: no k3y; check INVENTORY_TOKEN',
    );
  });
});
