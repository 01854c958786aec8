import { emailKey } from '@doorstep/kit/text/fold.ts';
import type { Turn } from '@doorstep/kit/work/turns.ts';
import type { Kysely, Transaction } from 'kysely';
import type { CrmContext } from '../context.ts';
import { type AccountChange, type CustomerFields, fieldNames, fieldsOf, searchKey } from '../customer.ts';
import { type CustomerRow, requireCustomer, updateCustomer as update } from '../db/customers.ts';
import { insertEvents } from '../db/events.ts';
import type { CrmDatabase } from '../db/schema.ts';
import type { ChangedField } from '../event.ts';
import type { Work } from '../password-work.ts';
import { changesLogin, requireGivenPassword, requireProof, requireRightPassword } from './present-password.ts';
import { requireFreeEmail } from './taken-email.ts';

export type CustomerVersion = {
  id: number;
  /** Throws if the caller's `If-Match` names another version. */
  requireVersion: (version: number) => void;
};

type Target = CustomerVersion & {
  /** An admin may know which customer has an email, and needs no password of the customer. */
  isByAdmin: boolean;
};

type Passwords = {
  /** The stored hash that `current_password` has matched. */
  proven?: string | undefined;
  newHash?: string | undefined;
};

/**
 * Changes the given fields. A new password invalidates all earlier tokens. Safe to repeat: a value that is already
 * stored is no change and writes no event. Changes of one password take effect in the order in which they came.
 * @throws AppError `not_found`, `precondition_failed`, `conflict` with `existing_id` if the email is taken, `unauthorized`
 * if the customer changes password or email without the present password, or `unavailable` if too many passwords wait.
 */
export async function updateCustomer(
  context: CrmContext,
  target: Target,
  change: AccountChange,
  turn: Turn,
): Promise<CustomerRow> {
  const { db, write, clock, passwordWork, eventsWritten } = context;
  const asked = { target, change };
  const apply = (passwords: Passwords) =>
    write((trx) => applyChange(trx, { ...asked, passwords, time: clock.now().toISOString() }));
  // what would be refused in the end is refused here already, where it takes no turn and no hash
  const before = await requireChange(db, asked);
  const takesTurn = change.password !== undefined || isGuarded(before, asked);
  const row = takesTurn
    ? await passwordWork({ ...turn, key: `customer ${target.id}` }, async (work) =>
        apply(await prepare(db, work, asked)),
      )
    : await apply({});
  eventsWritten();
  return row;
}

type Asked = { target: Target; change: AccountChange };

/** Whether the caller must prove to be the customer. */
function isGuarded(before: CustomerRow, { target, change }: Asked): boolean {
  return !target.isByAdmin && changesLogin(before, change);
}

async function prepare(db: Kysely<CrmDatabase>, work: Work, asked: Asked): Promise<Passwords> {
  const { password } = asked.change;
  const before = await requireChange(db, asked); // again, after the wait
  const proven = isGuarded(before, asked) ? await requireRightPassword(work, before, asked.change) : undefined;
  return { proven, newHash: password === undefined ? undefined : await work.hash(password) };
}

async function requireChange(db: Kysely<CrmDatabase>, asked: Asked): Promise<CustomerRow> {
  const { id, requireVersion, isByAdmin } = asked.target;
  const before = await requireCustomer(db, id);
  requireVersion(before.version);
  const { email = before.email } = asked.change;
  if (isGuarded(before, asked)) requireGivenPassword(asked.change);
  if (emailKey(email) !== emailKey(before.email)) await requireFreeEmail(db, email, { id, tellsWho: isByAdmin });
  return before;
}

async function applyChange(
  trx: Transaction<CrmDatabase>,
  { passwords: { proven, newHash }, time, ...asked }: Asked & { passwords: Passwords; time: string },
): Promise<CustomerRow> {
  const { target, change } = asked;
  const before = await requireChange(trx, asked);
  if (isGuarded(before, asked)) requireProof(before, proven);
  const values = changedValues(before, change);
  const changed = Object.keys(values) as ChangedField[];
  if (newHash !== undefined) changed.push('password');
  if (changed.length === 0) return before;
  const after = { ...fieldsOf(before), ...values };
  const row = await update(trx, target.id, {
    ...after,
    email_key: keyOfEmail(before, after.email),
    search_key: searchKey(after),
    ...(newHash !== undefined && { password_hash: newHash }),
    endTokens: newHash !== undefined,
  });
  await insertEvents(trx, [row], { type: 'CustomerUpdated', time, changed });
  return row;
}

function changedValues(before: CustomerRow, change: AccountChange): Partial<CustomerFields> {
  const changed = fieldNames.filter((name) => change[name] !== undefined && change[name] !== before[name]);
  return Object.fromEntries(changed.map((name) => [name, change[name]]));
}

/** The key of the new email. A twin (see `separateTwins`) keeps its own as long as its email looks the same. */
function keyOfEmail(before: CustomerRow, email: string): string {
  const key = emailKey(email);
  return key === emailKey(before.email) ? before.email_key : key;
}
