import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { StartError } from '../src/errors.ts';
import { listen } from '../src/http/listen.ts';
import { call } from './call.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));

const local = { host: '127.0.0.1', port: 0, connectionsMax: 100 };
const answerOk: RequestListener = (_request, response) => response.end('ok');

describe('listening', () => {
  it('returns the address that it listens on', async () => {
    const listener = await listen(answerOk, local);
    expect(listener.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await call(listener, 'GET /')).body).toBe('ok');
    await listener.close();
    await expect(call(listener, 'GET /')).rejects.toThrow();
  });

  it.skipIf(!hasIpv6)('puts an IPv6 address in brackets', async () => {
    const listener = await listen(answerOk, { ...local, host: '::1' });
    expect(listener.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    await listener.close();
  });

  it('is refused on a taken port, in a sentence that names the port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const refusal = await listen(answerOk, { ...local, port }).catch((error) => error);
    expect(refusal).toBeInstanceOf(StartError);
    expect(refusal.message).toBe(
      `Port ${port} on 127.0.0.1 is already in use; stop the other program or set another PORT.`,
    );
    other.close();
  });

  it('is refused on an address of another machine, in one sentence', async () => {
    const refusal = await listen(answerOk, { ...local, host: '192.0.2.1' }).catch((error) => error);
    expect(refusal).toBeInstanceOf(StartError);
    expect(refusal.message).toBe('Cannot listen on 192.0.2.1:0 (EADDRNOTAVAIL); set another HOST or PORT.');
  });
});
