import { eventually } from '@doorstep/kit/test/eventually.ts';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { startLosingProxy } from './losing-proxy.ts';
import { addAll, delivered, everyCustomerHasOnePackage, numbered, startThree } from './three-services.ts';

describe('three services whose PostgreSQL drops every connection', () => {
  it('go on with new ones, and send one package each', async () => {
    await using three = await startThree('postgres');
    const adding = addAll(three.crm, numbered(120, 'dropped'));
    const server = new pg.Client(three.settings('crm')['DATABASE_URL']);
    await server.connect();
    for (const enough of [10, 40, 70]) {
      await eventually(async () => (await delivered(three.middleware)) >= enough);
      await server.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
      );
    }
    await server.end();
    await adding;
    await everyCustomerHasOnePackage(three.crm, three.inventory);
  });
});

describe('a lost reply', () => {
  it('leads to one package, found by looking and not made again', async () => {
    await using outer = await startThree('sqlite');
    await outer.kill('middleware');
    await using proxy = await startLosingProxy(outer.inventory.url, 20);
    await addAll(outer.crm, numbered(40, 'lost'));
    await using three = await startThree('sqlite', {
      middleware: { CRM_SERVICE_URL: outer.crm.url, INVENTORY_SERVICE_URL: proxy.url },
    });
    await everyCustomerHasOnePackage(outer.crm, outer.inventory);
    expect(proxy.lost()).toBe(20);
    await eventually(() => three.middleware.output().match(/was there already/g)?.length === 20);
  });
});
