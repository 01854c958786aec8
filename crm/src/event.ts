import { id, timestamp } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { fieldNames, shownFields } from './customer.ts';

const eventType = z.enum(['CustomerCreated', 'CustomerUpdated', 'CustomerDeleted']);

export type EventType = z.output<typeof eventType>;

/** The customer as the change left it. */
const eventData = z.object({
  id,
  ...shownFields,
  created_at: timestamp,
  deleted_at: timestamp.nullable().meta({ example: null }),
  changed: z
    .array(z.enum([...fieldNames, 'password', 'deleted_at']))
    .optional()
    .meta({ description: 'The fields that an update changed' }),
});

export type EventData = z.output<typeof eventData>;
export type ChangedField = NonNullable<EventData['changed']>[number];

/** A change of a customer. Later events have higher ids. */
export const customerEvent = z
  .object({
    id,
    type: eventType,
    customer_id: id,
    time: timestamp,
    data: eventData,
    published_at: timestamp.nullable(),
  })
  .meta({ id: 'CustomerEvent' });

export type CustomerEvent = z.output<typeof customerEvent>;

/** Wide enough for every id, so that text order is event order. */
const sequenceDigits = 16;

const source = '/crm';

/** The published form: CloudEvents 1.0 in JSON with the extension `sequence`. */
export function toCloudEvent({ id, type, customer_id, time, data }: Omit<CustomerEvent, 'published_at'>) {
  return {
    specversion: '1.0',
    id: String(id),
    source,
    type,
    subject: String(customer_id),
    time,
    sequence: sequenceOf(id),
    datacontenttype: 'application/json',
    data,
  };
}

/** The key in the bucket. It never changes, so that publishing an event twice overwrites the first object. */
export function objectKey({ id, type, time }: Pick<CustomerEvent, 'id' | 'type' | 'time'>): string {
  // ISO 8601 basic format: the colons of the extended format need escaping in many tools
  const compact = time.replace(/[-:]/g, '');
  return `events/${type}/${compact}-${sequenceOf(id)}.json`;
}

function sequenceOf(id: number): string {
  return String(id).padStart(sequenceDigits, '0');
}
