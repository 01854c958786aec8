import { describe, expect, it } from 'vitest';
import { readCrmConfig } from './config.ts';

const secret = 'wJalrXUtnFEMI/K7MDENG';
const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: secret };
const amazon = { EVENT_BUCKET_NAME: 'customer-events', AWS_REGION: 'eu-central-1', ...keys };
const elsewhere = { EVENT_BUCKET_NAME: 'customer-events', LOCALSTACK_URL: 'http://127.0.0.1:4566/' };

const readEvents = (environment: Record<string, string>) => readCrmConfig(environment).events;

describe('the event settings', () => {
  it.each([{}, { EVENT_BUCKET_NAME: '' }, { ...amazon, EVENT_BUCKET_NAME: '' }])('are unset in %o', (environment) => {
    expect(readEvents(environment)).toBeUndefined();
  });

  it('hold an Amazon bucket, its region and the key', () => {
    expect(readEvents(amazon)).toStrictEqual({
      bucket: 'customer-events',
      region: 'eu-central-1',
      endpoint: undefined,
      keys: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: secret },
    });
  });

  it('leave the key to the SDK if none is set', () => {
    expect(readEvents({ ...amazon, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' })).toMatchObject({
      keys: undefined,
    });
  });

  it('hold another server, which needs no region', () => {
    expect(readEvents(elsewhere)).toMatchObject({ region: 'us-east-1', endpoint: 'http://127.0.0.1:4566' });
    expect(readEvents({ ...elsewhere, AWS_REGION: 'eu-west-3' })).toMatchObject({ region: 'eu-west-3' });
  });

  it.each([
    ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    ['AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID'],
  ])('reject a key without %s', (missing, there) => {
    expect(() => readEvents({ ...amazon, [missing]: '' })).toThrow(
      `${missing} is not set; with ${there} it takes the other half of the key.`,
    );
  });

  it('reject an Amazon bucket without a region', () => {
    expect(() => readEvents({ ...amazon, AWS_REGION: '' })).toThrow(
      'AWS_REGION is not set; with EVENT_BUCKET_NAME it takes the region of the bucket.',
    );
  });

  it.each(['ab', 'x'.repeat(64), 'Customer-Events', 'customer_events', '-events', 'events/2026', 'events '])(
    'reject the bucket %j',
    (name) => {
      expect(() => readEvents({ ...amazon, EVENT_BUCKET_NAME: name })).toThrow(
        `EVENT_BUCKET_NAME is "${name}"; it takes the name of an S3 bucket.`,
      );
    },
  );

  it.each(['abc', 'x'.repeat(63), 'events.example.com', '2026-events'])('accept the bucket %j', (name) => {
    expect(readEvents({ ...amazon, EVENT_BUCKET_NAME: name })).toMatchObject({ bucket: name });
  });

  it.each([
    ['AWS_REGION', 'Frankfurt am Main', 'the name of a region such as eu-central-1'],
    ['LOCALSTACK_URL', 'localhost:4566', 'an http or https address'],
    ['LOCALSTACK_URL', 'ftp://127.0.0.1', 'an http or https address'],
  ])('reject %s=%s', (name, value, takes) => {
    expect(() => readEvents({ ...elsewhere, [name]: value })).toThrow(`${name} is "${value}"; it takes ${takes}`);
  });

  it.each([
    { ...amazon, AWS_ACCESS_KEY_ID: '' },
    { ...amazon, AWS_REGION: '' },
    { ...amazon, EVENT_BUCKET_NAME: 'ab' },
    { ...elsewhere, LOCALSTACK_URL: `http://AKIDEXAMPLE:${encodeURIComponent(secret)}@127.0.0.1:4566` },
    { ...elsewhere, LOCALSTACK_URL: `http://AKIDEXAMPLE:${secret}@127.0.0.1:4566` },
  ])('never show a secret in the error for %o', (environment) => {
    expect(() => readEvents(environment)).toThrow(/^(?!.*wJalrXUtnFEMI)/s);
  });
});
