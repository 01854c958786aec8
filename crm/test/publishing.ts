import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { type Answer, call } from '@doorstep/kit/test/call.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import type { CustomerEvent } from '../src/event.ts';
import type { Bucket } from './an-s3-server.ts';

type Service = { url: string };

const JWT_SECRET_KEY = 'a key of no less than 32 bytes here';

/** The settings of a CRM that stores its events without publishing them. */
export const withoutBucket = { JWT_SECRET_KEY };

/** The settings of a CRM that publishes to this bucket. */
export function publishingTo({ name }: Bucket, server: Service) {
  const keys = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };
  return { ...withoutBucket, EVENT_BUCKET_NAME: name, LOCALSTACK_URL: server.url, ...keys };
}

export async function callAsAdmin(crm: Service, request: string, body?: unknown): Promise<Answer> {
  const claims = { subject: 'admin', role: 'admin', version: 1 };
  const headers = { Authorization: `Bearer ${await createTokens(JWT_SECRET_KEY).sign(claims, 86_400)}` };
  return call(crm, request, { headers, ...(body !== undefined && { body }) });
}

export async function listEvents(crm: Service, after = 0): Promise<CustomerEvent[]> {
  return (await callAsAdmin(crm, `GET /v1/events?after=${after}`)).body;
}

export async function metricOf(crm: Service, name: string): Promise<number> {
  const { body } = await call(crm, 'GET /metrics');
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(body)?.[1]);
}

/** Waits until every event is published. */
export async function allPublished(crm: Service): Promise<void> {
  await eventually(async () => (await metricOf(crm, 'events_unpublished')) === 0);
}
