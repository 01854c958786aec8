import type { World } from './plan.ts';

export type Request = {
  method: 'get' | 'post' | 'put';
  url: string;
  params: Record<string, unknown>;
  data: unknown;
  idempotencyKey: string | undefined;
};

export type Reply = { status: number; data: unknown; headers: Record<string, string> };

export type Customer = {
  id: number;
  name: string;
  createdAt: string;
  isDeleted: boolean;
  isVisible: boolean;
  wasDeleted: boolean;
};
/** The result of a delivery, as reported to the CRM. */
type Report = { customer_id: number; state: string; package_id: unknown; attempts: number };
export type Package = { id: number; customerId: number; customerName: string; packageType: string };

const reply = (status: number, data: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  data,
  headers,
});
const next = { link: '<…>; rel="next"' };

/** An in-memory CRM that answers immediately. */
export function createCrm(kind: World['crm'], now: () => string) {
  const customers: Customer[] = [];
  const reports = new Map<number, Report>();
  /** The CRM answers 500 to every page that holds one of these customers. */
  const unreadable = new Set<number>();

  function list({ after = 0, limit = 1000 }: { after?: number; limit?: number }): Reply {
    const listed = customers.filter(({ isVisible, isDeleted }) => isVisible && !isDeleted);
    const rest = kind === 'whole-list' ? listed : listed.filter(({ id }) => id > after);
    const page = kind === 'whole-list' ? rest : rest.slice(0, limit);
    if (page.some(({ id }) => unreadable.has(id))) return reply(500, { detail: 'Internal server error' });
    const entries = page.map(({ id, name, createdAt }) => ({ id, name, created_at: createdAt }));
    return reply(200, entries, page.length < rest.length ? next : {});
  }

  return {
    customers,
    reports,
    unreadable,
    add(count: number, isVisible: (id: number) => boolean) {
      for (let added = 0; added < count; added += 1) {
        const id = customers.length + 1;
        const customer = { id, name: `Customer ${id}`, createdAt: now(), isVisible: isVisible(id) };
        customers.push({ ...customer, isDeleted: false, wasDeleted: false });
      }
    },
    handle({ method, url, params, data }: Request): Reply {
      if (method === 'get' && url === '/customers') return list(params);
      if (kind === 'without-reports') return reply(404, { detail: 'Not found' });
      const { results } = data as { results: Report[] };
      if (results.length > 500) return reply(400, { detail: 'results: at most 500' });
      const isOutdone = ({ customer_id: id, state }: Report) =>
        state === 'pending' && (reports.get(id)?.state ?? 'pending') !== 'pending';
      for (const report of results) if (!isOutdone(report)) reports.set(report.customer_id, report);
      return reply(204, '');
    },
  };
}

type Post = { customerId: number; customerName: string; packageType: string; idempotencyKey: string | undefined };

/** Whether the Inventory has a look-up. */
export const canBeAsked = (kind: World['inventory']) => kind !== 'keyed' && kind !== 'mute';

/** An in-memory Inventory that answers immediately. */
export function createInventory({ inventory: kind, hasGroups, lagMs }: World, nowMs: () => number) {
  const packages: Package[] = [];
  const madeMs = new Map<Package, number>();
  const byCustomer = new Map<number, Package>();
  const byKey = new Map<string, Package>();

  function make(post: Post): Reply {
    const { customerId, customerName, packageType, idempotencyKey = '' } = post;
    const known = kind === 'ours' || kind === 'keyed' ? byKey.get(idempotencyKey) : undefined;
    if (known && known.customerName !== customerName)
      return reply(422, { detail: 'The key is known with other content' });
    const isUnique = kind === 'ours' || kind === 'conflicting';
    const existing = known ?? (isUnique ? byCustomer.get(customerId) : undefined);
    if (existing && kind === 'conflicting') return reply(409, { detail: 'There is a package already' });
    if (existing) return reply(200, existing, { 'idempotent-replayed': 'true' });
    const made = { id: 1000 + packages.length, customerId, customerName, packageType };
    packages.push(made);
    madeMs.set(made, nowMs());
    byCustomer.set(customerId, made);
    byKey.set(idempotencyKey, made);
    return reply(201, made);
  }

  function list({ customerId, after = 0, limit = 1000 }: Request['params']): Reply {
    if (!canBeAsked(kind)) return reply(404, { detail: 'Not found' });
    const asked = customerId === undefined ? undefined : new Set(String(customerId).split(',').map(Number));
    if (asked && asked.size > 1 && kind !== 'ours') return reply(400, { detail: 'customerId: one number' });
    const isListed = (one: Package) => lagMs === 0 || nowMs() - (madeMs.get(one) ?? 0) >= lagMs;
    const rest = packages.filter(
      (one) => one.id > Number(after) && (!asked || asked.has(one.customerId)) && isListed(one),
    );
    return reply(200, rest.slice(0, Number(limit)), rest.length > Number(limit) ? next : {});
  }

  return {
    packages,
    handle(request: Request, judge: (post: Post) => Reply | undefined, groupMax = Number.POSITIVE_INFINITY): Reply {
      const { method, url, params, data, idempotencyKey } = request;
      if (url === '/') return reply(200, kind === 'ours' ? { idempotency: 'permanent' } : {});
      if (method === 'get') return list(params);
      const one = (post: Post) => judge(post) ?? make(post);
      if (url === '/packages') return one({ ...(data as Post), idempotencyKey });
      if (!hasGroups) return reply(404, { detail: 'Not found' });
      const posts = (data as { packages: Post[] }).packages.slice(0, groupMax);
      const results = posts.map(one).map(({ status, data }) => {
        return status < 300 ? { status, package: data } : { status, error: (data as { detail: string }).detail };
      });
      return reply(200, { results });
    },
  };
}

export type Crm = ReturnType<typeof createCrm>;
export type Inventory = ReturnType<typeof createInventory>;
