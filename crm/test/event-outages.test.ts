import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fault, type S3Front, startS3Front } from './an-s3-front.ts';
import { type Bucket, type S3Server, startS3Server } from './an-s3-server.ts';
import { allPublished, metricOf, publishingTo } from './publishing.ts';
import { addCustomer, crmEnvironment, startCrmOn } from './start.ts';

let s3: S3Server;
beforeAll(async () => {
  s3 = await startS3Server();
});
afterAll(() => s3[Symbol.asyncDispose]());

/** Each once, where it came first: an answer that takes over five seconds, as on a slow machine, makes the CRM put it again. */
const inOrder = (ids: number[]) => [...new Set(ids)];
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

async function addCustomers(crm: { url: string }, count: number): Promise<void> {
  await Promise.all(upTo(count).map(() => addCustomer(crm)));
}

/** Holds the first put until `run` is done. */
async function whileFirstPutWaits(front: S3Front, onPut: S3Front['onPut'], run: () => Promise<void>): Promise<void> {
  const done = Promise.withResolvers<void>();
  front.onPut = async (id) => {
    await done.promise;
    return onPut(id);
  };
  await run();
  done.resolve();
}

async function idsIn(bucket: Bucket): Promise<number[]> {
  const objects = await bucket.objects();
  return objects.map(({ body }) => Number(body.id)).sort((a, b) => a - b);
}

describe.concurrent.each(databases)('events on %s', (kind) => {
  it('wait while S3 is down, even across a restart of the CRM, while every request is answered', async () => {
    await using front = await startS3Front(s3);
    await using database = await freshDatabase(kind);
    const bucket = await s3.bucket();
    front.onPut = async () => 'away';
    {
      await using crm = await startCrmOn(database, publishingTo(bucket, front));
      await addCustomers(crm, 5);
      await eventually(() => front.tried.length >= 2);

      expect((await call(crm, 'GET /health')).status).toBe(200);
      expect(await metricOf(crm, 'events_unpublished')).toBe(5);
      expect(await metricOf(crm, 'events_oldest_unpublished_seconds')).toBeGreaterThan(0.5);
      expect(await metricOf(crm, 'event_publish_failures_total')).toBeGreaterThan(0);
      expect(await metricOf(crm, 'events_published_total')).toBe(0);
    }
    front.onPut = async () => undefined;
    await using crm = await startCrmOn(database, publishingTo(bucket, front));
    await allPublished(crm);

    expect(inOrder(front.stored)).toEqual(upTo(5));
    expect(await idsIn(bucket)).toEqual(upTo(5));
  });

  it('have no gap and no duplicate after the CRM is killed while publishing', async () => {
    await using front = await startS3Front(s3);
    await using database = await freshDatabase(kind);
    const bucket = await s3.bucket();
    const environment = publishingTo(bucket, front);
    {
      await using crm = await spawnService('crm', crmEnvironment(database, environment));
      const killAtSix = async (id: number) => (id === 6 ? void (await crm.end('SIGKILL')) : undefined);
      await whileFirstPutWaits(front, killAtSix, () => addCustomers(crm, 10));
      await eventually(() => crm.process.signalCode === 'SIGKILL');
      await eventually(() => expect(inOrder(front.stored)).toEqual(upTo(6)));
    }

    await using crm = await startCrmOn(database, environment);
    await allPublished(crm);

    const again = front.stored.slice(front.stored.indexOf(6) + 1);
    expect(again).toEqual(upTo(10).slice(10 - again.length));
    expect(again.length).toBeGreaterThanOrEqual(5);
    expect(await idsIn(bucket)).toEqual(upTo(10));
  });
});

describe.concurrent('the CRM', () => {
  it('continues in order when S3 is back after it was killed during a put', async () => {
    await using killed = await startS3Server();
    await using front = await startS3Front(killed);
    await using database = await freshDatabase('sqlite');
    const bucket = await killed.bucket();
    await using crm = await startCrmOn(database, publishingTo(bucket, front));
    const killAtFive = async (id: number) => (id === 5 ? void (await killed.kill()) : undefined);
    await whileFirstPutWaits(front, killAtFive, () => addCustomers(crm, 10));
    await eventually(() => front.tried.length > 5);
    expect(inOrder(front.stored)).toEqual(upTo(4));
    await addCustomers(crm, 2);

    front.onPut = async () => undefined;
    await killed.start();
    await eventually(() => front.stored.includes(12));
    await allPublished(crm);

    expect(inOrder(front.stored)).toEqual(upTo(12));
    expect(await idsIn(bucket)).toEqual(upTo(12));
  });

  it('publishes for both of two processes on PostgreSQL, and the other takes over when it is killed', async () => {
    await using front = await startS3Front(s3);
    await using otherFront = await startS3Front(s3);
    await using database = await freshDatabase('postgres');
    const bucket = await s3.bucket();
    await using crm = await spawnService('crm', crmEnvironment(database, publishingTo(bucket, front)));
    await addCustomer(crm);
    await eventually(() => expect(inOrder(front.stored)).toEqual([1]));
    await using other = await startCrmOn(database, publishingTo(bucket, otherFront));

    await Promise.all([addCustomers(other, 5), addCustomers(crm, 5)]);
    await addCustomer(crm);
    await allPublished(other);
    expect([inOrder(front.stored), otherFront.stored]).toEqual([upTo(12), []]);

    await crm.end('SIGKILL');
    await addCustomer(other);
    await eventually(() => otherFront.stored.length > 0);
    await allPublished(other);

    expect([front.stored, otherFront.stored].map(inOrder)).toEqual([upTo(12), [13]]);
    expect(await idsIn(bucket)).toEqual(upTo(13));
  });

  it('stops within seconds while S3 does not answer, and publishes at the next start', async () => {
    await using front = await startS3Front(s3);
    await using database = await freshDatabase('sqlite');
    const environment = publishingTo(await s3.bucket(), front);
    {
      await using crm = await startCrmOn(database, environment);
      const put = Promise.withResolvers<void>();
      front.onPut = async () => {
        put.resolve();
        return 'no answer';
      };
      await addCustomers(crm, 3);
      await put.promise;
    }
    front.onPut = async () => undefined;
    await using crm = await startCrmOn(database, environment);
    await allPublished(crm);

    expect(inOrder(front.stored)).toEqual(upTo(3));
  });

  it('logs the failure, its reason, the next attempt, the backlog and the recovery, but never the secret', async () => {
    await using front = await startS3Front(s3);
    await using database = await freshDatabase('sqlite');
    const secret = 'a secret that no log may hold';
    const unknown = { AWS_ACCESS_KEY_ID: 'SOMEBODY', AWS_SECRET_ACCESS_KEY: secret, LOG_LEVEL: 'debug' };
    const environment = { ...publishingTo(await s3.bucket(), front), ...unknown };
    const [inside, busy, stored] = [
      { status: 500, code: 'InternalError' },
      { status: 503, code: 'SlowDown' },
      { status: 200 },
    ];
    const answers: (Fault | undefined)[] = [inside, busy, stored, undefined];
    await using crm = await spawnService('crm', crmEnvironment(database, environment));
    const next = async () => (answers.length > 0 ? answers.shift() : stored);

    await whileFirstPutWaits(front, next, () => addCustomers(crm, 3));
    await eventually(() => /published again/.test(crm.output()));
    await crm.end('SIGTERM');

    const logged = crm.output().matchAll(/^\S+ (.*publish.*)$/gm);
    const event = (id: number) => `WARN event ${id} (CustomerCreated, customer ${id}) was not published: S3 answered`;
    expect([...logged].map(([, line = '']) => line.replace(/\d+(\.\d)? s\b/g, 'N s'))).toEqual([
      `events are published to the bucket ${environment.EVENT_BUCKET_NAME} at ${front.url}`,
      `${event(1)} 500 InternalError: InternalError it is (request 4711); attempt 2 in N s; 3 waiting, the oldest for N s`,
      `${event(1)} 503 SlowDown: SlowDown it is (request 4711); attempt 3 in N s; 3 waiting, the oldest for N s`,
      expect.stringMatching(/^WARN event 2 .* S3 answered 403 .*; attempt 2 in N s; 2 waiting, the oldest for N s$/),
      expect.stringMatching(/^events are published again, after \d+ failures?$/),
    ]);
    expect(crm.output()).not.toContain(secret);
  });
});
