import { emailAddress, id, line, storableText, timestamp } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';

export const customerInput = z
  .object({
    name: line({ max: 200 }).meta({ example: 'Alice Example' }),
    email: emailAddress,
  })
  .meta({ id: 'CustomerInput' });

export type CustomerInput = z.output<typeof customerInput>;

export type IntegrationState = 'pending' | 'delivered' | 'failed';

/** Ours are numbers; another Inventory may give its packages ids of any form. */
const packageId = z.union([id, storableText({ min: 1, max: 200 })]);

export const customer = z
  .object({
    id,
    name: z.string(),
    email: z.string(),
    created_at: timestamp,
    integration_status: z.string().meta({
      description: '`pending`, `Package request created successfully` or `Package request failed: <reason>`',
    }),
    integration: z.object({
      state: z.enum(['pending', 'delivered', 'failed']),
      package_id: packageId.nullable(),
      attempts: z.int(),
      error: z.string().nullable(),
      updated_at: timestamp,
    }),
  })
  .meta({ id: 'Customer' });

export type Customer = z.output<typeof customer>;

export const integrationReport = z
  .object({
    results: z
      .array(
        z.object({
          customer_id: id,
          state: z.enum(['delivered', 'failed']),
          package_id: packageId.nullish(),
          attempts: z.int().min(0).max(2_147_483_647),
          error: storableText({ max: 1000 }).nullish(),
        }),
      )
      .max(500),
  })
  .meta({ id: 'IntegrationReport' });

export type IntegrationResult = z.output<typeof integrationReport>['results'][number];

/** Two emails that differ in case alone, or in how an accent is encoded, are one address. */
export function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase();
}

export function integrationStatus(state: IntegrationState, error: string | null): string {
  if (state === 'delivered') return 'Package request created successfully';
  if (state === 'failed') return `Package request failed: ${error ?? 'no reason given'}`;
  return 'pending';
}
