import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@doorstep/kit/test/start-postgres.ts';
import type { Work } from './backlog.ts';
import { startProcess } from './processes.ts';

/** The flow prints this when no customer is left. */
const over = 'no customer is left';

/** The same work by a Node-RED flow, from the start of its flows until the last customer has a package. */
export const byNodeRed =
  (file: string): Work =>
  async ({ neighbours: { crm, inventory }, environment, resources, begin }) => {
    const userDir = join(environment['DATA_DIR'] ?? '', 'node-red');
    await mkdir(userDir);
    await writeFile(join(userDir, 'settings.js'), `module.exports = ${JSON.stringify(await settings())};\n`);
    await writeFile(join(userDir, 'flows.json'), JSON.stringify(flow(crm.at, inventory.at)));
    const nodeRed = resources.use(startProcess(file, {}, ['--userDir', userDir]));
    await nodeRed.hasWritten(/Started flows/, 1);
    begin();
    await nodeRed.hasWritten(new RegExp(over), 1);
  };

/** Listens only on this machine and calls no other. */
const settings = async () => ({
  uiHost: '127.0.0.1',
  uiPort: await freePort(),
  flowFile: 'flows.json',
  disableEditor: true,
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false },
  // the cursor lies in a file that Node-RED writes every 30 seconds
  contextStorage: { default: { module: 'localfilesystem' } },
});

const pageSize = 500;

/** Reads a page of customers, splits it, posts each customer, and reads the next page once every post is answered. */
function flow(crm: string, inventory: string): object[] {
  // Node-RED takes a node without coordinates for a configuration node
  const place = { z: 'sheet', x: 0, y: 0 };
  const request = { ...place, type: 'http request', ret: 'obj', paytoqs: 'ignore' };
  const code = (id: string, next: string, lines: string[]) => {
    return { ...place, id, type: 'function', func: lines.join('\n'), outputs: 1, wires: [[next]] };
  };
  return [
    { id: 'sheet', type: 'tab', label: 'welcome packages' },
    { ...place, id: 'start', type: 'inject', once: true, onceDelay: 0.1, props: [], wires: [['ask']] },
    code('ask', 'get', [
      `msg.url = '${crm}/customers?limit=${pageSize}&after=' + (flow.get('cursor') || 0);`,
      'msg.headers = {};',
      'return msg;',
    ]),
    { ...request, id: 'get', method: 'GET', wires: [['seen']] },
    code('seen', 'each', [
      `if (msg.payload.length === 0) { node.warn('${over}'); return null; }`,
      "flow.set('cursor', msg.payload[msg.payload.length - 1].id);",
      'return { payload: msg.payload };',
    ]),
    { ...place, id: 'each', type: 'split', arraySplt: 1, arraySpltType: 'len', wires: [['shape']] },
    code('shape', 'post', [
      "msg.headers = { 'Idempotency-Key': 'welcome-' + msg.payload.id };",
      'msg.payload = { customerId: msg.payload.id, customerName: msg.payload.name };',
      'return msg;',
    ]),
    { ...request, id: 'post', method: 'POST', url: `${inventory}/packages`, wires: [['all']] },
    { ...place, id: 'all', type: 'join', mode: 'auto', wires: [['ask']] },
  ];
}
