import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { addAll, delivered, everyCustomerHasOnePackage, numbered, startThree } from './three-services.ts';

describe.each(databases)('three services on %s', (kind) => {
  let three: Awaited<ReturnType<typeof startThree>>;
  beforeAll(async () => {
    three = await startThree(kind);
  });
  afterAll(() => three[Symbol.asyncDispose]());

  it('send one package each though the daemon is killed again and again', async () => {
    const before = await delivered(three.middleware);
    const adding = addAll(three.crm, numbered(60, 'daemon'));
    for (const enough of [10, 30]) {
      await eventually(async () => (await delivered(three.middleware)) >= before + enough);
      await three.kill('middleware');
      await three.restart('middleware');
    }
    await adding;
    await everyCustomerHasOnePackage(three.crm, three.inventory);
  });

  it('send one package each though the Inventory and the CRM are killed in mid-work', async () => {
    const before = await delivered(three.middleware);
    const adding = addAll(three.crm, numbered(60, 'neighbour'));
    await eventually(async () => (await delivered(three.middleware)) >= before + 10);
    await three.kill('inventory');
    await three.kill('crm');
    await three.restart('crm');
    await three.restart('inventory');
    await adding;
    await everyCustomerHasOnePackage(three.crm, three.inventory);
  });
});
