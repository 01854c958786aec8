import { call } from '@doorstep/kit/test/call.ts';
import { freshDatabase } from '@doorstep/kit/test/databases.ts';
import { runToItsEnd, spawnService } from '@doorstep/kit/test/spawn-service.ts';
import pg from 'pg';
import { expect, it } from 'vitest';
import { everyCustomerHasOnePackage } from './three-services.ts';

/** Closed for certain: nothing listens on it. */
const deadProxy = 'http://me:hidden@127.0.0.1:1';

const strangeEnvironment = {
  TZ: 'Australia/Lord_Howe',
  LC_ALL: 'de_DE.UTF-8',
  HTTP_PROXY: deadProxy,
  https_proxy: deadProxy,
  ALL_PROXY: deadProxy,
  PGSSLMODE: 'verify-full',
  PGOPTIONS: '-c search_path=public',
  POLL_CRON: '* * * * * *',
};

/** A PostgreSQL database with other defaults, and the settings that lead to it. */
async function aStrangeDatabase() {
  const fresh = await freshDatabase('postgres', { isEmpty: true });
  const { hostname, port, username, password, pathname } = new URL(fresh.url);
  const name = pathname.slice(1);
  const client = new pg.Client(fresh.url);
  await client.connect();
  for (const set of ["DateStyle = 'German, DMY'", "TimeZone = 'Asia/Kolkata'", 'standard_conforming_strings = off']) {
    await client.query(`alter database ${name} set ${set}`);
  }
  await client.end();
  const parts = { DB_HOST: hostname, DB_PORT: port, DB_USER: username, DB_PASSWORD: password, DB_NAME: name };
  return { settings: { ...parts, DATA_DIR: fresh.dataDir }, [Symbol.asyncDispose]: fresh[Symbol.asyncDispose] };
}

it('three services deliver packages in strange surroundings: time zone, proxies, defaults of the database', async () => {
  await using database = await aStrangeDatabase();
  const settings = { ...strangeEnvironment, ...database.settings };
  await using crm = await spawnService('crm', settings);
  await using inventory = await spawnService('inventory', settings);
  const urls = { CRM_SERVICE_URL: crm.url, INVENTORY_SERVICE_URL: inventory.url };
  await using middleware = await spawnService('middleware', { ...settings, ...urls });

  const { status, body } = await call(crm, 'POST /customers', { body: { name: 'Łódź \\ 🎁', email: 'a@example.com' } });
  await everyCustomerHasOnePackage(crm, inventory);

  expect(status).toBe(201);
  expect(Math.abs(Date.now() - Date.parse(body.created_at))).toBeLessThan(600_000);
  expect(middleware.output()).not.toMatch(/WARN|ERROR/);
});

it('a service names MySQL in one sentence and exits with 1', async () => {
  expect(await runToItsEnd('crm', { DB_HOST: 'db', DB_PORT: '3306', DB_USER: 'root', DB_NAME: 'crm' })).toEqual({
    code: 1,
    output: 'DB_PORT is 3306: Doorstep keeps its data in SQLite or PostgreSQL; MySQL is not supported.\n',
  });
});
