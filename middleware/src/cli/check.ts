import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import type { CaughtRequest, Probe } from '../ports.ts';
import { type Checked, checkNeighbours } from './check-neighbours.ts';
import type { CommandMeans } from './means.ts';
import { table } from './words.ts';

type Urls = Probe['urls'];

export const checkCommand: Command<CommandMeans> = {
  summary: 'show what the middleware understands of the CRM and the Inventory',
  details:
    'Reads one page of the CRM, asks the Inventory for the packages of one customer, and shows what would be sent. Posts nothing, and needs no ledger. Exits with 1 if deliveries could not start.',
  forms: [''],
  examples: ['', '--json'],
  async run({ context, probe, values, print, say }) {
    const own = probe();
    const { urls } = own;
    const checked = await checkNeighbours(own, context.names);
    const { hindrance } = checked;
    print(...(values['json'] ? [JSON.stringify(toJson(urls, checked))] : show(urls, checked)));
    if (hindrance !== undefined) say(`Deliveries cannot start: ${hindrance}.`);
    return hindrance === undefined ? exitCodes.done : exitCodes.no;
  },
};

const shownMax = 3;

function toJson(urls: Urls, { page, fields, root, packages, request, hindrance }: Checked) {
  const crm =
    page.kind === 'page'
      ? {
          entries: page.length,
          total: page.total ?? null,
          more: page.more,
          customers: page.customers.slice(0, shownMax).map(toView),
          without_name: page.customers.filter(({ fault }) => fault !== undefined).length,
          not_understood: page.unusable.map(({ entry, reason }) => ({ reason, entry })),
          fields,
        }
      : { reason: page.reason };
  const { idempotency = null, ...rootAnswer } = root;
  return {
    ready: hindrance === undefined,
    reason: hindrance ?? null,
    crm: { url: urls.crm, ...crm },
    inventory: { url: urls.inventory, root: { ...rootAnswer, idempotency }, packages },
    would_send: request ?? null,
  };
}

const toView = ({ id, name, createdAt, fault }: PageCustomer) => ({
  id,
  name,
  created_at: createdAt ?? null,
  ...(fault !== undefined && { fault }),
});

type PageCustomer = Extract<Checked['page'], { kind: 'page' }>['customers'][number];

function show(urls: Urls, { page, fields, root, packages, request, hindrance }: Checked): string[] {
  const inventory = [
    `Inventory ${urls.inventory}`,
    `  ${root.asked}: ${root.reason ?? `idempotency ${root.idempotency ?? 'not mentioned'}`}`,
    `  ${packages.asked}: ${packages.reason ?? `a list of ${packages.packages}`}`,
  ];
  if (packages.reason !== undefined && hindrance === undefined)
    inventory.push('  It cannot be asked which packages there are, so a package in doubt cannot be looked up.');
  const lines = [`CRM ${urls.crm}`, ...showPage(page, fields), '', ...inventory];
  if (request) lines.push('', 'For the first customer it would send', ...showRequest(request));
  if (hindrance === undefined) lines.push('', 'Deliveries can start.');
  return lines;
}

function showPage(page: Checked['page'], fields: string[]): string[] {
  if (page.kind !== 'page') return [`  ${page.reason}`];
  const { customers, unusable, length, total, more } = page;
  const all =
    total === undefined ? 'it does not say how many there are in all' : `it says that there are ${total} in all`;
  const rows = customers.slice(0, shownMax).map(({ id, name, createdAt }) => [id, name, createdAt ?? 'no time']);
  const nameless = customers.filter(({ fault }) => fault !== undefined).length;
  return [
    `  ${length} entries on the first page; ${all}${more ? '; more may follow' : ''}`,
    ...(rows.length > 0 ? table([['id', 'name', 'created_at'], ...rows]).map(indent) : []),
    ...(nameless > 0
      ? [`  ${nameless} without a usable name; the first entry has the fields ${fields.join(', ')}`]
      : []),
    ...(unusable.length > 0 ? [`  ${unusable.length} not understood:`] : []),
    ...unusable.slice(0, shownMax).map(({ reason, entry }) => `    ${reason}: ${entry.slice(0, 200)}`),
  ];
}

function showRequest({ method, url, headers, body }: CaughtRequest): string[] {
  const named = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${url}`, ...named, JSON.stringify(body)].map(indent);
}

const indent = (line: string) => `  ${line}`;
