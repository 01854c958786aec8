import { type Claims, createTokens } from '@doorstep/kit/auth/tokens.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import type { Transaction } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { actingAs } from '../src/commands/acting-as.ts';
import { createCustomer } from '../src/commands/create-customer.ts';
import { deleteCustomer } from '../src/commands/delete-customer.ts';
import { updateCustomer } from '../src/commands/update-customer.ts';
import type { CrmContext } from '../src/context.ts';
import { replaceAdminPassword, retireOtherAdmins } from '../src/db/admins.ts';
import { requireCustomer } from '../src/db/customers.ts';
import type { CrmDatabase } from '../src/db/schema.ts';
import { verifyCaller } from '../src/queries/verify-caller.ts';
import { aContext } from './a-context.ts';
import { secretKey } from './log-in.ts';
import { aCustomer, cheapHash, databaseWithAdmin, openCrmDatabase } from './start.ts';

const admin = { subject: 'admin', role: 'admin', version: 1 };
const requireVersion = () => undefined;

describe.each(databases)('a token on %s that ends between the check and the write', (kind) => {
  const resources = new AsyncDisposableStack();
  let context: CrmContext;
  let customer: { id: number; claims: Claims };
  beforeAll(async () => {
    const database = resources.use(await databaseWithAdmin(kind));
    context = aContext(resources.use(await openCrmDatabase(database)));
  });
  afterAll(() => resources.disposeAsync());
  beforeEach(async () => {
    await context.write((trx) =>
      trx
        .updateTable('admins')
        .set({ password_hash: cheapHash('a password'), credentials_version: 1 })
        .execute(),
    );
    const { id } = await createCustomer(context, aCustomer() as { name: string; email: string });
    customer = { id, claims: { subject: String(id), role: 'customer', version: 1 } };
  });

  /** The context of a caller whose token has been checked, as a route receives it. */
  const asCaller = async (claims: Claims) => {
    const token = await createTokens(secretKey).sign(claims, 60);
    return actingAs(context, await verifyCaller(context, token));
  };
  const names = () => context.db.selectFrom('customers').select(['id', 'name', 'deleted_at']).orderBy('id').execute();
  const refused = { code: 'unauthorized', message: 'The bearer token is not valid or has expired' };
  const target = ({ id } = customer, isByAdmin = false) => ({ id, requireVersion, isByAdmin });

  const adminEnds: [what: string, end: () => Promise<unknown>][] = [
    [
      'by a new password',
      async () => {
        const { password_hash } = await context.db.selectFrom('admins').selectAll().executeTakeFirstOrThrow();
        await context.write((trx) => replaceAdminPassword(trx, { username: 'admin', password_hash }, cheapHash('new')));
      },
    ],
    ['because another admin is configured', () => context.write((trx) => retireOtherAdmins(trx, 'root'))],
  ];

  it.each(adminEnds)('%s changes nothing as the admin', async (_, end) => {
    const caller = await asCaller(admin);
    await end();
    const before = await names();

    const writes = [
      createCustomer(caller, aCustomer() as { name: string; email: string }),
      updateCustomer(caller, target(customer, true), { name: 'Mallory' }, {}),
      deleteCustomer(caller, target()),
    ];

    await Promise.all(writes.map((write) => expect(write).rejects.toMatchObject(refused)));
    expect(await names()).toEqual(before);
  });

  const customerEnds: [what: string, end: () => Promise<unknown>, refusal: object][] = [
    [
      'by a new password',
      () => updateCustomer(context, target(customer, true), { password: 'a new password' }, {}),
      refused,
    ],
    ['because the customer is deleted', () => deleteCustomer(context, target()), { code: 'not_found' }],
  ];

  it.each(customerEnds)('%s changes nothing as the customer', async (_, end, refusal) => {
    const caller = await asCaller(customer.claims);
    await end();
    const before = await names();

    await expect(updateCustomer(caller, target(), { name: 'Mallory' }, {})).rejects.toMatchObject(refusal);
    expect(await names()).toEqual(before);
  });

  it('does not give an email back, without the present password, that the admin has changed meanwhile', async () => {
    const { email } = await requireCustomer(context.db, customer.id);
    const changed = { email: `changed-${email}` };
    const write = async <T>(run: (trx: Transaction<CrmDatabase>) => Promise<T>): Promise<T> => {
      await updateCustomer(context, target(customer, true), changed, {});
      return context.write(run);
    };
    const late = actingAs({ ...context, write: Object.assign(write, context.write) }, customer.claims);

    for (const proof of [{}, { current_password: 'a guess that nobody has checked' }]) {
      const change = updateCustomer(late, target(), { email, name: 'Alice Smith', ...proof }, {});
      await expect(change).rejects.toMatchObject({ extras: { errors: [{ field: 'current_password' }] } });
      await updateCustomer(context, target(customer, true), { email }, {});
    }
    await expect(updateCustomer(late, target(), { name: 'Alice Smith' }, {})).resolves.toMatchObject(changed);
  });

  it('is refused alone among writes that share a transaction', async () => {
    const [good, ended] = [await asCaller(admin), actingAs(context, { ...admin, version: 2 })];
    const add = (caller: CrmContext) =>
      createCustomer(caller, aCustomer() as { name: string; email: string }).then(
        () => 'added',
        (error) => error.code,
      );

    expect(await Promise.all([good, ended, context, ended, good].map(add))).toEqual([
      'added',
      'unauthorized',
      'added',
      'unauthorized',
      'added',
    ]);
  });

  it('of a service ends by its time alone', async () => {
    const service = await asCaller({ subject: 'middleware', role: 'service' });

    await expect(createCustomer(service, aCustomer() as { name: string; email: string })).resolves.toBeDefined();
  });
});
