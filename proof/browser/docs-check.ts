import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

/**
 * Opens the docs pages of the CRM and the Inventory in a browser, logs in, and tries routes with the token. Takes the
 * path of a Chromium or Chrome; with a second path, saves a screenshot of each page under it, with the service's name
 * appended.
 */

const [executablePath, picture] = process.argv.slice(2);
if (!executablePath) throw new Error('usage: docs-check.ts PATH_OF_A_BROWSER [PICTURE]');

const password = 'correct horse battery staple';
const dataDir = mkdtempSync(join(tmpdir(), 'doorstep-docs-'));
const running: ChildProcess[] = [];
try {
  const crm = await start('crm');
  const inventory = await start('inventory');
  // as root, as in a container, Chromium starts only without its sandbox; it opens only our pages
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  try {
    const token = await readCrmDocs(await browser.newPage(), crm);
    await readInventoryDocs(await browser.newPage(), inventory, token);
  } finally {
    await browser.close();
  }
} finally {
  for (const child of running) child.kill();
  rmSync(dataDir, { recursive: true, force: true });
}
process.stdout.write('The docs pages work in a browser: log in, authorize, try it out.\n');
process.exit(0);

async function start(service: 'crm' | 'inventory'): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../..', service, 'src/main.ts')], {
    env: { PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'error', ADMIN_PASSWORD: password, REQUIRE_AUTH: 'true' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  running.push(child);
  const [{ ready }] = (await once(child, 'message')) as [{ ready: string }];
  return ready;
}

/** Returns the token from the login on the page. */
async function readCrmDocs(page: Page, url: string): Promise<string> {
  const errors = await open(page, url);
  const refused = await tryOut(page, 'getV1Customers');
  if (!refused.includes('A bearer token is required')) throw new Error(`without a token: ${refused}`);

  const login = JSON.stringify({ username: 'admin', password });
  const { access_token } = JSON.parse(await tryOut(page, 'postV1AuthLogin', login)) as { access_token: string };
  await authorize(page, access_token);
  await addAndList(page, 'postV1Customers', 'getV1Customers');
  await finish(page, errors, 'crm');
  return access_token;
}

async function readInventoryDocs(page: Page, url: string, token: string): Promise<void> {
  const errors = await open(page, url);
  await authorize(page, token);
  await addAndList(page, 'postApiV1Items', 'getApiV1Items');
  await finish(page, errors, 'inventory');
}

/** Opens the docs. Returns a list that collects the page's errors. */
async function open(page: Page, url: string): Promise<string[]> {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // the browser itself logs the 401, which this check provokes
    if (message.type() === 'error' && !/status of 401/.test(message.text())) errors.push(message.text());
  });
  await page.goto(`${url}/docs`);
  return errors;
}

async function authorize(page: Page, token: string): Promise<void> {
  await page.locator('.btn.authorize').first().click();
  await page.locator('.auth-container input').fill(token);
  await page.locator('.auth-btn-wrapper .authorize').click();
  await page.locator('.auth-btn-wrapper .btn-done').click();
}

async function addAndList(page: Page, add: string, list: string): Promise<void> {
  const added = JSON.parse(await tryOut(page, add)) as { id: number };
  const listed = JSON.parse(await tryOut(page, list)) as { items: { id: number }[] };
  if (!listed.items.some(({ id }) => id === added.id)) throw new Error(`${list} does not list ${added.id}`);
}

async function finish(page: Page, errors: string[], service: string): Promise<void> {
  if (picture) await page.screenshot({ path: picture.replace(/(\.\w+)?$/, `-${service}$1`), fullPage: true });
  if (errors.length > 0) throw new Error(`errors on the page of ${service}: ${errors.join('; ')}`);
}

/** Opens a route, sends its example or the given body, and returns the body of the answer. */
async function tryOut(page: Page, operationId: string, body?: string): Promise<string> {
  const operation = page.locator(`[id^="operations-"][id$="-${operationId}"]`);
  if (!(await operation.locator('.opblock-body').isVisible())) await operation.locator('.opblock-summary').click();
  const tryIt = operation.locator('.try-out__btn:not(.cancel)');
  if (await tryIt.isVisible()) await tryIt.click();
  if (body) await operation.locator('textarea.body-param__text').fill(body);
  const answered = page.waitForResponse((response) => response.request().resourceType() === 'fetch');
  await operation.locator('.execute').click();
  return (await answered).text();
}
