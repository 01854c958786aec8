import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

/**
 * Opens the CRM's docs page in a browser, logs in, and tries a route with the token, as a reader of the page would.
 * Called with the path of a Chromium or Chrome; with a second path, leaves a picture of the page there.
 */

const [executablePath, picture] = process.argv.slice(2);
if (!executablePath) throw new Error('usage: docs-check.ts PATH_OF_A_BROWSER [PICTURE]');

const password = 'correct horse battery staple';
const dataDir = mkdtempSync(join(tmpdir(), 'doorstep-docs-'));
const crm = startCrm();
try {
  const [{ ready: url }] = (await once(crm, 'message')) as [{ ready: string }];
  // root, as in a container, may start a Chromium without its sandbox only; it sees no page but ours
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  try {
    await readDocs(await browser.newPage(), url);
  } finally {
    await browser.close();
  }
} finally {
  crm.kill();
  rmSync(dataDir, { recursive: true, force: true });
}
process.stdout.write('The docs page works in a browser: log in, authorize, try it out.\n');
process.exit(0);

function startCrm(): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, '../crm/src/main.ts')], {
    env: { PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'error', ADMIN_PASSWORD: password, REQUIRE_AUTH: 'true' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

async function readDocs(page: Page, url: string): Promise<void> {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // the browser's own line for an answer of 4xx, which is asked for below
    if (message.type() === 'error' && !/status of 401/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(`${url}/docs`);

  const refused = await tryOut(page, 'getV1Customers');
  if (!refused.includes('A bearer token is needed')) throw new Error(`without a token: ${refused}`);

  const login = JSON.stringify({ username: 'admin', password });
  const answer = JSON.parse(await tryOut(page, 'postV1AuthLogin', login)) as { access_token: string };
  await page.locator('.btn.authorize').first().click();
  await page.locator('.auth-container input').fill(answer.access_token);
  await page.locator('.auth-btn-wrapper .authorize').click();
  await page.locator('.auth-btn-wrapper .btn-done').click();

  const added = JSON.parse(await tryOut(page, 'postV1Customers')) as { id: number };
  const listed = JSON.parse(await tryOut(page, 'getV1Customers')) as { items: { id: number }[] };
  if (!listed.items.some(({ id }) => id === added.id)) throw new Error(`the list is without customer ${added.id}`);

  if (picture) await page.screenshot({ path: picture, fullPage: true });
  if (complaints.length > 0) throw new Error(`the page complains: ${complaints.join('; ')}`);
}

/** Opens a route, sends its example or the given body, and gives the body of the answer. */
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
