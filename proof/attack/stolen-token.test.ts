import { countHashes } from '@doorstep/crm/test/count-hashes.ts';
import { asAdmin, bearer, logIn, secretKey } from '@doorstep/crm/test/log-in.ts';
import { aCustomer, cheapHash, openCrmDatabase, startTestCrm } from '@doorstep/crm/test/start.ts';
import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { type DatabaseKind, databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';

// Owner and thief hold the same token, and the thief knows the password too. The owner changes it; the thief follows as soon
// as the owner's request is being worked on.

const rounds = 100;
const password = 'the first long password';
const ofOwner = 'the password of the owner';
const ofThief = 'the password of the thief';

async function startCrm(kind: DatabaseKind) {
  await using resources = new AsyncDisposableStack();
  const crm = resources.use(await startTestCrm(kind, { JWT_SECRET_KEY: secretKey }));
  const { db } = resources.use(await openCrmDatabase(crm.database));
  const headers = await asAdmin();
  const addOwner = async () => {
    const { body } = await call(crm, 'POST /v1/customers', { body: aCustomer(), headers });
    const { id, email }: { id: number; email: string } = body;
    await db
      .updateTable('customers')
      .set({ password_hash: cheapHash(password) })
      .where('id', '=', id)
      .execute();
    const token = await createTokens(secretKey).sign({ subject: String(id), role: 'customer', version: 1 }, 60);
    return { id, email, token };
  };
  const owned = resources.move();
  return { url: crm.url, addOwner, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe.each(databases)('a thief with the token and the password of an owner on %s', (kind) => {
  it(`loses each of ${rounds} races to a change that came first`, async () => {
    await using crm = await startCrm(kind);
    const outcomes: unknown[] = [];

    while (outcomes.length < rounds) {
      const { id, email, token } = await crm.addOwner();
      const change = (to: string) =>
        call(crm, `PUT /v1/customers/${id}`, {
          body: { password: to, current_password: password },
          headers: bearer(token),
        });
      using hashes = countHashes();
      const isUnderWay = hashes.next();
      const owner = change(ofOwner);
      await isUnderWay;
      const thief = change(ofThief);
      outcomes.push([(await owner).status, (await thief).status]);
      if (outcomes.length % 10 === 0) expect((await logIn(crm, { email, password: ofOwner })).status).toBe(200);
    }

    expect(outcomes).toEqual(Array(rounds).fill([200, 401]));
  });

  it('and the owner never both succeed, whoever comes first', async () => {
    await using crm = await startCrm(kind);
    const outcomes: number[][] = [];

    while (outcomes.length < 10) {
      const { id, email, token } = await crm.addOwner();
      const passwords = [ofOwner, ofThief];
      const answers = passwords.map((to) =>
        call(crm, `PUT /v1/customers/${id}`, {
          body: { password: to, current_password: password },
          headers: bearer(token),
        }),
      );
      const statuses = (await Promise.all(answers)).map(({ status }) => status);
      const winner = passwords[statuses.indexOf(200)];
      expect((await logIn(crm, { email, password: winner })).status).toBe(200);
      outcomes.push(statuses.sort());
    }

    expect(outcomes).toEqual(Array(10).fill([200, 401]));
  });
});
