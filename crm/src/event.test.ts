import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CustomerEvent, objectKey, toCloudEvent } from './event.ts';

const event = {
  id: 42,
  type: 'CustomerUpdated',
  customer_id: 7,
  time: '2026-01-31T12:34:56.789Z',
  data: {
    id: 7,
    name: 'Zoë 🎉',
    email: 'zoe@example.com',
    created_at: '2026-01-30T00:00:00.000Z',
    deleted_at: null,
    changed: ['name'],
  },
  published_at: null,
} as CustomerEvent;

describe('a customer event', () => {
  it('is published as a CloudEvent 1.0', () => {
    expect(toCloudEvent(event)).toStrictEqual({
      specversion: '1.0',
      id: '42',
      source: '/crm',
      type: 'CustomerUpdated',
      subject: '7',
      time: '2026-01-31T12:34:56.789Z',
      sequence: '0000000000000042',
      datacontenttype: 'application/json',
      data: event.data,
    });
  });

  it('has a key of its type, time and id', () => {
    expect(objectKey(event)).toBe('events/CustomerUpdated/20260131T123456.789Z-0000000000000042.json');
  });

  it('keeps its key and content when it is published again', () => {
    const published = { ...event, published_at: '2026-02-01T00:00:00.000Z' };

    expect(objectKey(published)).toBe(objectKey(event));
    expect(toCloudEvent(published)).toStrictEqual(toCloudEvent(event));
  });
});

const anId = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

describe('two customer events', () => {
  it('have sequences that sort as text in id order', () => {
    fc.assert(
      fc.property(anId, anId, (one, other) => {
        const [first, second] = [one, other].map((id) => toCloudEvent({ ...event, id }).sequence);
        expect(String(first) < String(second)).toBe(one < other);
      }),
    );
  });

  it('with the same time have keys in id order', () => {
    fc.assert(
      fc.property(anId, anId, (one, other) => {
        const [first, second] = [one, other].map((id) => objectKey({ ...event, id }));
        expect(String(first) < String(second)).toBe(one < other);
      }),
    );
  });
});
