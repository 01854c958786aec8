import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { asAxiosError, createHttpClient, neverArrived } from '../src/client/http-client.ts';

async function postTo(server: Server): Promise<boolean> {
  let requests = 0;
  server.on('request', (request) => {
    requests += 1;
    request.socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createHttpClient({ baseUrl, timeoutMs: 60_000, connectionsMax: 1 });
  const error = asAxiosError(await client.post('/', {}).catch((thrown) => thrown));
  server.close();
  expect(requests, 'what never arrived is seen by nobody').toBe(neverArrived(error) ? 0 : 1);
  return neverArrived(error);
}

it('a request never arrived if the certificate of the other side is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'doorstep-certificate-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'certificate')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=other'];
  execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  expect(await postTo(createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }))).toBe(true);
  rmSync(folder, { recursive: true });
});

it('a request never arrived if the other side speaks no TLS', async () => {
  expect(await postTo(createServer())).toBe(true);
});
