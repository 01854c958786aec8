import type { Call } from '../network.ts';
import type { Reply } from '../services.ts';

/** What an answer means for a customer, by the contract and not by the core. */
export type Verdict = {
  id: number;
  /**
   * `failing`: whoever had been asked for would have fared the same. `own`: it is this customer's. `untold`: the group is
   * to be sent otherwise.
   */
  kind: 'good' | 'final' | 'failing' | 'own' | 'untold';
  /** A package may have been made all the same. */
  inDoubt: boolean;
};

const retried = [401, 403, 404, 405, 408, 409, 425, 429];

/** Whether a status ends a delivery. */
export function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && !retried.includes(status);
}

export function isGroup({ request }: Call): boolean {
  return request.url === '/packages/batch';
}

/** The customers for whom packages are posted. */
export function customersOf({ request }: Call): number[] {
  if (request.method !== 'post') return [];
  const data = request.data as { customerId?: number; packages?: { customerId: number }[] };
  return data.packages ? data.packages.map(({ customerId }) => customerId) : [data.customerId as number];
}

/** The customers whose packages are looked for. */
export function lookedFor({ request }: Call): number[] {
  const asked = request.method === 'get' ? request.params['customerId'] : undefined;
  return asked === undefined ? [] : String(asked).split(',').map(Number);
}

/** Fewer may have faults of their own. */
const manyMin = 5;

/** What the answer to a post means, for each of its customers. */
export function verdictsOf(call: Call, reply: Reply | undefined): Verdict[] {
  const ids = customersOf(call);
  if (!reply) return ids.map((id) => ({ id, kind: 'failing', inDoubt: call.fate?.kind !== 'refused' }));
  const { status, data } = reply;
  const inDoubt = status < 400 || status === 408 || status >= 500;
  if (!isGroup(call)) {
    const isMade = status < 300 && (data as { id?: unknown }).id !== undefined;
    return ids.map((id) => ({ id, kind: isMade ? 'good' : kindOf(status), inDoubt: !isMade && inDoubt }));
  }
  const { results } = (data ?? {}) as { results?: { status: number }[] };
  if (status !== 200 || results?.length !== ids.length) {
    const isTold = ![404, 405, 500, 501].includes(status) && !isFinal(status) && status !== 200;
    return ids.map((id) => ({ id, kind: isTold ? 'failing' : 'untold', inDoubt }));
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
