import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { ask, type Reply } from './ask.ts';
import type { Journal } from './journal.ts';
import type { Random } from './random.ts';
import { pause } from './waits.ts';

/** `maybe`: the request got no answer. */
type Known = { name: string; email: string; isDeleted: 'no' | 'yes' | 'maybe' };

/** What the CRM has answered to its clients. */
export type Memory = {
  /** Customers that the CRM has confirmed. */
  known: Map<number, Known>;
  /** Emails of customers that may or may not exist. */
  inDoubt: Set<string>;
};

type Options = {
  crmUrl: string;
  jwtSecretKey: string;
  random: Random;
  journal: Journal;
  over: AbortSignal;
};

/** Some clients give up at once, others only after several attempts. */
const triesMax = 6;
const againMs = 1_000;

const tokenSeconds = 365 * 24 * 3600; // valid whatever the clocks of the services show

/** Adds customers at a steady rate and in bursts, and deletes some. Resolves when every request has ended. */
export async function addAndDelete(options: Options, memory: Memory): Promise<void> {
  const { random, over } = options;
  const clients = createClients(options, memory);
  const underWay = new Set<Promise<void>>();
  const begin = (work: Promise<void>) => {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  };
  const repeat = async (label: string, [minMs, maxMs]: [number, number], work: (own: Random) => void) => {
    const own = random.fork(label);
    while (!over.aborted) {
      await pause(own.between(minMs, maxMs), over);
      if (!over.aborted) work(own);
    }
  };
  await Promise.all([
    repeat('steady', [50, 600], (own) => begin(clients.add(own.whole(1, triesMax)))),
    repeat('bursts', [8_000, 45_000], (own) => {
      for (let left = own.whole(100, 300); left > 0; left -= 1) begin(clients.add(own.whole(1, triesMax)));
    }),
    repeat('deletes', [500, 6_000], (own) => begin(clients.remove(own))),
    repeat('items', [1_000, 5_000], (own) => begin(clients.seeItems(own))),
  ]);
  await Promise.all(underWay);
}

/** Not a bug of the CRM: the request was cut short, or the CRM or its database was unavailable. */
const temporaryStatuses = [408, 503];

function createClients({ crmUrl, jwtSecretKey, journal, over }: Options, { known, inDoubt }: Memory) {
  const tokens = createTokens(jwtSecretKey);
  const sign = (subject: string, role: string) => tokens.sign({ subject, role, version: 1 }, tokenSeconds);
  const removing = new Set<number>();
  let number = 0;

  function learn({ name, email }: { name: string; email: string }, reply: Reply | undefined) {
    const { id, existing_id } = (reply?.body ?? {}) as { id?: number; existing_id?: number };
    // a 409 answers a repeated request of which an earlier attempt took effect
    const found = reply?.status === 201 ? id : reply?.status === 409 ? existing_id : undefined;
    if (found === undefined) return void inDoubt.add(email);
    inDoubt.delete(email);
    const before = known.get(found);
    if (before && before.email !== email)
      journal.violation(`the id ${found} was given to both ${before.email} and ${email}`);
    if (!before) known.set(found, { name, email, isDeleted: 'no' });
  }

  const isExpected = (what: string, reply: Reply | undefined, statuses: number[]) => {
    if (reply === undefined || [...statuses, ...temporaryStatuses].includes(reply.status)) return;
    journal.violation(`${what} was answered with ${reply.status} ${JSON.stringify(reply.body)}`);
  };

  const chosen = (random: Random): [number, Known] | undefined => {
    const ids = [...known.keys()];
    if (ids.length === 0) return undefined;
    // half of the time a recent customer, which may not have a package yet
    const id = random.pick(random.chance(0.5) ? ids.slice(-5) : ids);
    return [id, known.get(id) as Known];
  };

  return {
    async add(triesMax: number) {
      number += 1;
      const customer = { name: `Customer ${number}`, email: `customer-${number}@example.com` };
      for (let tries = 1; tries <= triesMax; tries += 1) {
        const isRepeat = tries > 1;
        if (isRepeat) await pause(againMs, over);
        const reply = await ask(`${crmUrl}/customers`, { method: 'POST', body: customer });
        isExpected('POST /customers', reply, isRepeat ? [201, 409] : [201]);
        learn(customer, reply);
        if (!inDoubt.has(customer.email)) return;
      }
    },
    async remove(random: Random) {
      const [id, customer] = chosen(random) ?? [];
      if (id === undefined || !customer || customer.isDeleted === 'yes' || removing.has(id)) return;
      removing.add(id);
      const wasInDoubt = customer.isDeleted === 'maybe';
      customer.isDeleted = 'maybe';
      const token = await sign('admin', 'admin');
      const reply = await ask(`${crmUrl}/v1/customers/${id}`, { method: 'DELETE', token });
      removing.delete(id);
      isExpected(`DELETE of customer ${id}`, reply, wasInDoubt ? [204, 404] : [204]);
      if (reply?.status === 204 || reply?.status === 404) customer.isDeleted = 'yes';
    },
    /** Makes the CRM call the Inventory; its answer does not matter. */
    async seeItems(random: Random) {
      const [id] = chosen(random) ?? [];
      if (id === undefined) return;
      const token = await sign(String(id), 'customer');
      const reply = await ask(`${crmUrl}/api/v1/customers/my-items`, { token });
      isExpected('GET /api/v1/customers/my-items', reply, [200, 401]);
    },
  };
}
