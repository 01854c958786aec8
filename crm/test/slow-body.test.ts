import { once } from 'node:events';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { expect, it } from 'vitest';
import { aCustomer, startTestCrm } from './start.ts';

const JWT_SECRET_KEY = 'a key of no less than 32 bytes here';
const tokens = createTokens(JWT_SECRET_KEY);

it('a token that is invalidated while the body arrives changes nothing', async () => {
  await using crm = await startTestCrm('sqlite', { JWT_SECRET_KEY });
  const token = (subject: string, role: string) => tokens.sign({ subject, role, version: 1 }, 86_400);
  const admin = { Authorization: `Bearer ${await token('admin', 'admin')}` };
  const account = aCustomer({ password: 'the password at first' });
  const { id } = (await call(crm, 'POST /v1/customers', { headers: admin, body: account })).body;
  const body = JSON.stringify({ password: 'the password of a thief' });
  const held = request(`${crm.url}/v1/customers/${id}`, {
    method: 'PUT',
    headers: {
      Authorization: `Bearer ${await token(String(id), 'customer')}`,
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      Expect: '100-continue',
    },
  });
  held.flushHeaders();
  await once(held, 'continue'); // the service has seen the token
  held.write(body.slice(0, 5));

  await call(crm, `PUT /v1/customers/${id}`, { headers: admin, body: { password: 'another password now' } });
  held.end(body.slice(5));
  const [answer] = await once(held, 'response');

  expect([answer.statusCode, await json(answer)]).toMatchObject([401, { title: 'Unauthorized' }]);
  const login = { email: account.email, password: 'another password now' };
  expect((await call(crm, 'POST /v1/auth/login', { body: login })).status).toBe(200);
});
