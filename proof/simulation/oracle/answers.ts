import type { Call } from '../network.ts';
import type { Reply } from '../services.ts';

/** What an answer means for a customer, derived from the contract and not from the core. */
export type Verdict = {
  id: number;
  /**
   * `failing`: any other customer would have failed too. `own`: only this customer is affected. `inconclusive`: the
   * group has to be sent in another way.
   */
  kind: 'good' | 'final' | 'failing' | 'own' | 'inconclusive';
  /** The package may exist although the answer does not confirm it. */
  inDoubt: boolean;
};

const retried = [401, 403, 404, 405, 408, 409, 425, 429];

/** Whether the status is a definite rejection. */
export function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && !retried.includes(status);
}

export function isGroup({ request }: Call): boolean {
  return request.url === '/packages/batch';
}

export function customersOf({ request }: Call): number[] {
  if (request.method !== 'post') return [];
  const data = request.data as { customerId?: number; packages?: { customerId: number }[] };
  return data.packages ? data.packages.map(({ customerId }) => customerId) : [data.customerId as number];
}

export function lookedUp({ request }: Call): number[] {
  const asked = request.method === 'get' ? request.params['customerId'] : undefined;
  return asked === undefined ? [] : String(asked).split(',').map(Number);
}

/** If fewer fail, each customer may be at fault itself. */
const manyMin = 5;

export function verdictsOf(call: Call, reply: Reply | undefined): Verdict[] {
  const ids = customersOf(call);
  if (!reply) return ids.map((id) => ({ id, kind: 'failing', inDoubt: call.fate?.kind !== 'refused' }));
  const { status, data, headers } = reply;
  // an Inventory that says when to come back has done nothing
  const inDoubt = (status < 400 || status === 408 || status >= 500) && headers['retry-after'] === undefined;
  if (!isGroup(call)) {
    const isMade = status < 300 && (data as { id?: unknown }).id !== undefined;
    return ids.map((id) => ({ id, kind: isMade ? 'good' : kindOf(status), inDoubt: !isMade && inDoubt }));
  }
  const { results } = (data ?? {}) as { results?: { status: number }[] };
  if (status !== 200 || results?.length !== ids.length) {
    const isConclusive = ![404, 405, 500, 501].includes(status) && !isFinal(status) && status !== 200;
    return ids.map((id) => ({ id, kind: isConclusive ? 'failing' : 'inconclusive', inDoubt }));
  }
  const kinds = results.map((result) => (result.status < 300 ? 'good' : kindOf(result.status)));
  const allFail = kinds.length >= manyMin && kinds.every((kind) => kind === 'failing' || kind === 'own');
  return ids.map((id, index) => {
    const [kind, one] = [kinds[index] as Verdict['kind'], results[index]?.status ?? 0];
    const own = kind === 'failing' && !allFail ? 'own' : kind;
    return { id, kind: allFail ? 'failing' : own, inDoubt: one >= 500 || one === 408 };
  });
}

function kindOf(status: number): Verdict['kind'] {
  if (status === 409) return 'own';
  return isFinal(status) ? 'final' : 'failing';
}
