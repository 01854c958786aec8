import { emailAddress, id, storableText, timestamp } from '@doorstep/kit/http/schemas.ts';
import { storableForm } from '@doorstep/kit/http/text-forms.ts';
import { name } from '@doorstep/kit/http/texts.ts';
import { emailForms, searchKey as toSearchKey } from '@doorstep/kit/text/fold.ts';
import { z } from 'zod';
import { passwordForm } from './password-form.ts';

/** The fields of a customer, as clients send them. */
const inputFields = {
  name: name({ max: 200 }).meta({ example: 'Alice Example' }),
  email: emailAddress,
};

/** The same fields in answers and events, without the limits above, because a stored row may be older than a limit. */
export const shownFields = {
  name: z.string().meta({ example: 'Alice Example' }),
  email: z.string().meta({ example: 'alice@example.com' }),
} satisfies Record<keyof typeof inputFields, z.ZodType>;

export type CustomerFields = { [Name in keyof typeof shownFields]: z.output<(typeof shownFields)[Name]> };

export const fieldNames = Object.keys(shownFields) as (keyof CustomerFields)[];

/** Picks the fields of a customer from a row or an input that holds more. */
export function fieldsOf(customer: CustomerFields): CustomerFields {
  return Object.fromEntries(fieldNames.map((name) => [name, customer[name]])) as CustomerFields;
}

/** Set the default of an optional field here: in `inputFields`, an update that omits the field would reset it. */
export const customerInput = z.object(inputFields).meta({ id: 'CustomerInput' });

/** Maximum length of a login name: the admin's name or an email. */
export const loginNameMax = 254;

/** Long enough for any passphrase, short enough to keep hashing cheap. */
export const passwordMax = 1000;

const passwordMin = 12;

/** At least 12 characters, so that a machine cannot guess it. They are counted in the form that is hashed. */
const password = storableText({ max: passwordMax })
  .refine(
    // a longer one is refused anyway, and it could take seconds to normalize
    (text) => text.length > 2 * passwordMax || [...passwordForm(text)].length >= passwordMin,
    `must be at least ${passwordMin} characters long`,
  )
  .meta({ override: { minLength: passwordMin, maxLength: passwordMax, ...storableForm } })
  .optional()
  .meta({ description: 'Lets the customer log in', example: 'correct horse battery staple' });

export const accountInput = customerInput.extend({ password }).meta({ id: 'AccountInput' });

export type AccountInput = z.output<typeof accountInput>;

export type NewCustomer = CustomerFields & { password_hash: string | null };

const currentPassword = storableText({ max: passwordMax }).meta({
  description: 'The present password; a customer who changes the password or the email of the own account gives it',
  example: 'correct horse battery staple',
});

export const accountChange = z
  .object({ ...inputFields, password, current_password: currentPassword })
  .partial()
  .meta({ id: 'AccountChange' });

export type AccountChange = z.output<typeof accountChange>;

export type IntegrationState = 'pending' | 'delivered' | 'failed';

/** Doorstep's Inventory uses numbers; another Inventory may use package ids of any form. */
const packageId = z.union([id, storableText({ min: 1, max: 200 })]);
/** Beyond 2^53 a number would be rounded. */
const longPackageId = z
  .bigint()
  .positive('must be a positive integer')
  .transform(String)
  .meta({ override: { type: 'integer', minimum: 1 } });

export const customer = z
  .object({
    id,
    ...shownFields,
    created_at: timestamp,
    integration_status: z.string().meta({
      example: 'Package request created successfully',
      description: '`pending`, `Package request created successfully` or `Package request failed: <reason>`',
    }),
    integration: z.object({
      state: z.enum(['pending', 'delivered', 'failed']).meta({ example: 'delivered' }),
      package_id: packageId.nullable().meta({ example: 1 }),
      attempts: z.int().meta({ example: 1, description: 'Posts to the Inventory that went out for the customer' }),
      error: z.string().nullable().meta({ example: null }),
      updated_at: timestamp,
    }),
  })
  .meta({ id: 'Customer' });

export type Customer = z.output<typeof customer>;

/** A customer as an admin sees it. */
export const account = customer
  .extend({ deleted_at: timestamp.nullable().meta({ example: null }) })
  .meta({ id: 'Account' });

export type Account = z.output<typeof account>;

export const integrationReport = z
  .object({
    results: z
      .array(
        z.object({
          customer_id: id,
          state: z.enum(['pending', 'delivered', 'failed']).meta({
            description: '`pending`: not delivered yet; `attempts` and `error` tell how it went so far',
          }),
          package_id: z.union([packageId, longPackageId]).nullish(),
          attempts: z.int().min(0).max(2_147_483_647),
          error: storableText({ max: 1000 }).nullish(),
        }),
      )
      .max(500),
  })
  .meta({ id: 'IntegrationReport' });

export type IntegrationResult = z.output<typeof integrationReport>['results'][number];

/** The text that a search matches, and the sort key for lists by name. */
export function searchKey({ name, email }: { name: string; email: string }): string {
  return toSearchKey(name, ...emailForms(email));
}

export function integrationStatus(state: IntegrationState, error: string | null): string {
  if (state === 'delivered') return 'Package request created successfully';
  if (state === 'failed') return `Package request failed: ${error ?? 'no reason given'}`;
  return 'pending';
}
