import { toRequest } from '../deliver/attempt.ts';
import type { SeenCustomer } from '../delivery.ts';
import type { InventoryNames } from '../inventory-names.ts';
import type { CustomerPage, NoPage, Probe } from '../ports.ts';

export type Checked = Awaited<ReturnType<typeof checkNeighbours>>;

/**
 * One page of the CRM, two questions to the Inventory, and the request that would be sent for the first customer. Posts
 * nothing and needs no ledger. `hindrance` says why deliveries could not start.
 */
export async function checkNeighbours(probe: Probe, names: InventoryNames) {
  const { page, fields } = await probe.page();
  const first = page.kind === 'page' ? page.customers.find(isUsable) : undefined;
  const packages = await probe.packages(names.nameOf(first?.id ?? 1));
  const root = await probe.root();
  const request = first && (await probe.request(toRequest({ customerId: first.id, customerName: first.name }, names)));
  const hindrance = hindranceAtCrm(page, fields) ?? hindranceAtInventory(root, packages);
  return { page, fields, root, packages, request, hindrance };
}

function isUsable({ fault }: SeenCustomer): boolean {
  return fault === undefined;
}

function hindranceAtCrm(page: CustomerPage | NoPage, fields: string[]): string | undefined {
  if (page.kind !== 'page') return page.reason;
  if (page.length === 0 || page.customers.some(isUsable)) return undefined;
  const none = 'no entry of the CRM is a customer with an id and a name';
  const fault = page.customers[0]?.fault;
  if (fault !== undefined) return `${none}: ${fault}`;
  const seen = fields.length > 0 ? `; the first entry has the fields ${fields.join(', ')}` : '';
  return `${none}: ${page.unusable[0]?.reason}${seen}`;
}

/** Statuses that say that a route is absent: an Inventory needs neither of the two. */
const absent = [400, 404, 405, 414, 422, 501];

type Answers = { [Name in 'root' | 'packages']: Awaited<ReturnType<Probe[Name]>> };

function hindranceAtInventory(root: Answers['root'], packages: Answers['packages']): string | undefined {
  const { status, reason } = packages;
  if (status === 404 && root.status === 404) return 'Inventory answered 404; is INVENTORY_SERVICE_URL right?';
  const isHarmless = reason === undefined || (status !== undefined && (status < 300 || absent.includes(status)));
  return isHarmless ? undefined : reason;
}
