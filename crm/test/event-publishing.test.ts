import type { Running } from '@doorstep/kit/process/lifecycle.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CustomerEvent } from '../src/event.ts';
import { type S3Front, startS3Front } from './an-s3-front.ts';
import { type Bucket, type S3Server, startS3Server } from './an-s3-server.ts';
import { allPublished, callAsAdmin, listEvents, metricOf, publishingTo, withoutBucket } from './publishing.ts';
import { spoilEvents } from './spoil-events.ts';
import { aCustomer, addCustomer, startCrmOn } from './start.ts';

const password = 'a password that nobody may read';
const passOn = async () => undefined;

let s3: S3Server;
beforeAll(async () => {
  s3 = await startS3Server();
});
afterAll(() => s3[Symbol.asyncDispose]());

describe.each(databases)('a customer event on %s', (kind) => {
  const resources = new AsyncDisposableStack();
  let bucket: Bucket;
  let front: S3Front;
  let database: FreshDatabase;
  let crm: Running;
  beforeAll(async () => {
    bucket = await s3.bucket();
    front = resources.use(await startS3Front(s3));
    database = resources.use(await freshDatabase(kind));
    crm = resources.use(await startCrmOn(database, publishingTo(bucket, front)));
  });
  afterEach(async () => {
    front.onPut = passOn;
    await allPublished(crm);
  });
  afterAll(() => resources.disposeAsync());

  const addCustomers = (count: number) => Promise.all(Array.from({ length: count }, () => addCustomer(crm)));

  /** The events that `run` writes, and their ids in the order in which S3 stores them. */
  const published = async (run: () => Promise<unknown>) => {
    await allPublished(crm);
    const { length } = front.stored;
    const before = await listEvents(crm);
    await run();
    await allPublished(crm);
    return { events: await listEvents(crm, before.at(-1)?.id), stored: front.stored.slice(length) };
  };

  it('is in the bucket as one CloudEvent under its type, time and id', async () => {
    const { events } = await published(async () => {
      const { body } = await callAsAdmin(crm, 'POST /v1/customers', aCustomer({ name: 'Zoë 🎉', password }));
      await callAsAdmin(crm, `PUT /v1/customers/${body.id}`, { name: 'Zoë', password: `another ${password}` });
      await callAsAdmin(crm, `DELETE /v1/customers/${body.id}`);
    });

    expect(events.map(({ type }) => type)).toEqual(['CustomerCreated', 'CustomerUpdated', 'CustomerDeleted']);
    const subject = String(events[0]?.customer_id);
    const objects = (await bucket.objects()).filter(({ body }) => body.subject === subject);
    expect(objects).toStrictEqual(events.map(expectedObject).sort((one, other) => (one.key < other.key ? -1 : 1)));
    expect(JSON.stringify(objects)).not.toMatch(new RegExp(`${password}|argon2`));
  });

  it('is put once, in the order of the changes', async () => {
    const { events, stored } = await published(async () => {
      const customers = await addCustomers(20);
      const change = (id: number) => callAsAdmin(crm, `PUT /v1/customers/${id}`, { name: 'New' });
      const remove = (id: number) => callAsAdmin(crm, `DELETE /v1/customers/${id}`);
      await Promise.all([...customers.map(({ id }, index) => (index % 2 ? change(id) : remove(id))), addCustomers(10)]);
    });

    expect(events).toHaveLength(50);
    expect(stored).toEqual(events.map(({ id }) => id));
    const everything = await listEvents(crm);
    expect((await bucket.objects()).map(({ key }) => key)).toEqual(everything.map(keyOf).sort());
  });

  it('is published as soon as it is written', async () => {
    // a slow machine gets as many tries as it needs; without being woken, the publisher sleeps for 5 s in each of them
    await eventually(async () => {
      const { events } = await published(async () => {
        await addCustomer(crm);
        await allPublished(crm);
        await addCustomer(crm);
      });
      const [first, second] = events;
      expect(Date.parse(second?.published_at ?? '') - Date.parse(first?.time ?? '')).toBeLessThan(4_000);
    });
  });

  it('is marked with the time of its publication and counted', async () => {
    const { events } = await published(() => addCustomers(3));

    expect(events.map(({ time, published_at }) => published_at !== null && published_at >= time)).toEqual(
      events.map(() => true),
    );
    expect(await metricOf(crm, 'events_published_total')).toBe((await listEvents(crm)).length);
    expect(await metricOf(crm, 'events_oldest_unpublished_seconds')).toBe(0);
  });

  it('is not published if the change is rejected or rolled back', async () => {
    const { email } = await addCustomer(crm);

    const { events, stored } = await published(async () => {
      const again = await call(crm, 'POST /customers', { body: aCustomer({ email }) });
      const spoiled = await spoilEvents(database, 'the commit');
      const rolledBack = await call(crm, 'POST /customers', { body: aCustomer() });
      await spoiled[Symbol.asyncDispose]();
      expect([again.status, rolledBack.status]).toEqual([409, 500]);
      await addCustomer(crm);
    });

    expect(events).toHaveLength(1);
    expect(stored).toEqual([events[0]?.id]);
  });

  it('is published again over itself when the reply is lost, and later events wait for it', async () => {
    const failures = await metricOf(crm, 'event_publish_failures_total');
    const written = Promise.withResolvers<void>();
    const faults = [undefined, 'reply lost'] as const;
    const { length } = front.tried;
    front.onPut = async () => {
      await written.promise;
      return faults[front.tried.length - length - 1];
    };

    const { events, stored } = await published(async () => {
      await addCustomers(3);
      written.resolve();
    });

    const [first, second, third] = events.map(({ id }) => id);
    expect(stored).toEqual([first, second, second, third]);
    expect(await metricOf(crm, 'event_publish_failures_total')).toBe(failures + 1);
    const keys = (await bucket.objects()).map(({ key }) => key);
    expect(events.map((event) => keys.filter((key) => key === keyOf(event)).length)).toEqual([1, 1, 1]);
  });

  it('delays no request while a put is unanswered', async () => {
    const put = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<undefined>();
    front.onPut = () => {
      put.resolve();
      return answer.promise;
    };
    await addCustomer(crm);
    await put.promise;

    const { id } = await addCustomer(crm);
    const changed = await callAsAdmin(crm, `PUT /v1/customers/${id}`, { name: 'New' });
    const removed = await callAsAdmin(crm, `DELETE /v1/customers/${id}`);

    expect([changed.status, removed.status]).toEqual([200, 204]);
    expect(await metricOf(crm, 'events_unpublished')).toBe(4);
    expect(await metricOf(crm, 'events_oldest_unpublished_seconds')).toBeGreaterThan(0);
    answer.resolve(undefined);
  });

  it('is kept without a bucket and published once the CRM starts with one', async () => {
    await using fresh = await freshDatabase(kind);
    await using later = await startS3Front(s3);
    {
      await using keeping = await startCrmOn(fresh, withoutBucket);
      for (let count = 0; count < 3; count++) await addCustomer(keeping);
      expect((await listEvents(keeping)).map(({ published_at }) => published_at)).toEqual([null, null, null]);
    }

    await using _ = await startCrmOn(fresh, publishingTo(await s3.bucket(), later));

    await eventually(() => expect(later.stored).toEqual([1, 2, 3]));
  });
});

function keyOf({ id, type, time }: CustomerEvent): string {
  return `events/${type}/${time.replaceAll('-', '').replaceAll(':', '')}-${String(id).padStart(16, '0')}.json`;
}

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md */
function expectedObject(event: CustomerEvent) {
  const { id, type, time, customer_id, data } = event;
  return {
    key: keyOf(event),
    contentType: 'application/cloudevents+json',
    body: {
      specversion: '1.0',
      id: String(id),
      source: '/crm',
      type,
      subject: String(customer_id),
      time,
      sequence: String(id).padStart(16, '0'),
      datacontenttype: 'application/json',
      data,
    },
  };
}
