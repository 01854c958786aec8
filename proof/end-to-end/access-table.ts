import { access as crmAccess } from '@doorstep/crm/src/http/access.ts';
import { access as inventoryAccess } from '@doorstep/inventory/src/http/access.ts';
import { type Claims, createTokens } from '@doorstep/kit/auth/tokens.ts';
import type { Access } from '@doorstep/kit/http/route.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { access as operationsAccess } from '@doorstep/middleware/src/http/route.ts';

export type Service = 'crm' | 'inventory' | 'middleware';
export type Services = Record<Service, { url: string }>;

export const secretKey = 'a key of no less than 32 bytes here';

const ownerId = '1';
/** An id that no record has. */
const noId = '999999';

const customerOf = (subject: string) => ({ subject, role: 'customer', version: 1 });
/** The callers and the claims of their tokens; the first two have no valid token. */
const callers = {
  'no token': undefined,
  'wrong token': undefined,
  owner: customerOf(ownerId),
  'other customer': customerOf('2'),
  service: { subject: 'middleware', role: 'service' },
  operator: { subject: 'command line', role: 'operator' },
  admin: { subject: 'admin', role: 'admin', version: 1 },
  'unknown role': { subject: '1', role: 'auditor', version: 1 },
} satisfies Record<string, Claims | undefined>;

export type Caller = keyof typeof callers;

export const callerNames = Object.keys(callers) as Caller[];

/** `GET /customers/{id}` */
export type Operation = string;
export type Cell = { service: Service; operation: Operation; caller: Caller; status: number };

/** The operations that every service opens to anyone, by the contract. */
const toAnyone = ['/', '/health', '/livez', '/readyz', '/metrics', '/openapi.json'].map((path) => `GET ${path}`);

/** The operations that a service documents, without those that every service has. */
export async function ownOperations(service: { url: string }): Promise<Operation[]> {
  return (await operations(service)).filter((operation) => !toAnyone.includes(operation));
}

async function operations(service: { url: string }): Promise<Operation[]> {
  const { body } = await call(service, 'GET /openapi.json');
  return Object.entries<object>(body.paths).flatMap(([path, item]) => {
    return Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`);
  });
}

function accessOf(service: Service, operation: Operation): Access {
  if (toAnyone.includes(operation)) return 'public';
  if (service === 'middleware') return operationsAccess;
  const table: Record<string, Access> = service === 'crm' ? crmAccess : inventoryAccess;
  const row = table[operation];
  if (row === undefined) throw new Error(`the table of ${service} has no ${operation}`);
  return row;
}

/** 401, 403, or `undefined` if the request passes. */
export function refusalOf({ service, operation, caller }: Cell, requireAuth: boolean): 401 | 403 | undefined {
  const access = accessOf(service, operation);
  if (access === 'public' || (access.open && !requireAuth)) return undefined;
  const claims = callers[caller];
  if (claims === undefined) return 401;
  if (access.roles.includes(claims.role)) return undefined;
  return access.owner?.role === claims.role && caller === 'owner' ? undefined : 403;
}

/** Calls every operation as every caller. A call that passes changes nothing that a later cell depends on. */
export async function askEveryCell(services: Services): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const service of Object.keys(services) as Service[]) {
    for (const operation of await operations(services[service])) {
      const asked = callerNames.map(async (caller) => {
        return { service, operation, caller, status: await ask(services[service], operation, caller) };
      });
      cells.push(...(await Promise.all(asked)));
    }
  }
  return cells;
}

async function ask(service: { url: string }, operation: Operation, caller: Caller): Promise<number> {
  const method = operation.split(' ')[0] ?? '';
  const id = operation.includes(' /v1/customers/') ? ownerId : noId;
  const headers = { ...(method === 'DELETE' && { 'If-Match': '"0"' }), ...(await authorization(caller)) };
  const body = method === 'GET' || method === 'DELETE' ? undefined : {};
  return (await call(service, operation.replace(/\{\w+\}/, id), { headers, body })).status;
}

async function authorization(caller: Caller): Promise<Record<string, string>> {
  if (caller === 'no token') return {};
  const key = caller === 'wrong token' ? 'another key of no less than 32 bytes' : secretKey;
  const claims = callers[caller] ?? callers.admin;
  return { Authorization: `Bearer ${await createTokens(key).sign(claims, 86_400)}` };
}

/** The table in Markdown: a row per route, a column per caller, and in each cell the status of the answer. */
export function toMarkdown(cells: Cell[]): string {
  const rows = [...Map.groupBy(cells, ({ service, operation }) => `${service} | \`${operation}\``)].map(
    ([route, row]) => `| ${route} | ${row.map(({ status }) => status).join(' | ')} |`,
  );
  const head = ['service', 'route', ...callerNames];
  return [`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`, ...rows, ''].join('\n');
}
