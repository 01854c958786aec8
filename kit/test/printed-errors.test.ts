import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const [lifecycle, errors] = ['process/lifecycle.ts', 'errors.ts'].map((file) =>
  JSON.stringify(pathToFileURL(join(import.meta.dirname, '../src', file)).href),
);

/** Runs the body as the start of a service, or as a command. Returns what the process writes to standard error. */
async function run(kind: 'service' | 'command', body: string): Promise<{ code: number; output: string }> {
  const script = `
    import { runCommandOrService } from ${lifecycle};
    import { StartError } from ${errors};
    const hostile = 'Eve\\u001b[2J\\u2028\\n[crm] Admin made';
    const body = async () => { ${body} };
    await runCommandOrService(process.env, body, body);`;
  const words = kind === 'command' ? ['script', 'word'] : [];
  const options = { env: {}, cwd: import.meta.dirname };
  const args = ['--input-type=module-typescript', '--eval', script, '--', ...words];
  return promisify(execFile)(process.execPath, args, options).then(
    ({ stderr }) => ({ code: 0, output: stderr }),
    ({ code, stderr }) => ({ code, output: stderr }),
  );
}

const shown = 'Eve\\u001b[2J\\u2028\\u000a[crm] Admin made';

describe('text from outside cannot begin a line of its own in', () => {
  it('the sentence of a start that fails', async () => {
    const { code, output } = await run('service', 'throw new StartError("PORT is " + hostile);');
    expect([code, output]).toEqual([1, `PORT is ${shown}\n`]);
  });

  it.each([
    ['a start that fails without an expected reason', 'service', 'throw new TypeError(hostile);'],
    ['a command that fails without an expected reason', 'command', 'throw new TypeError(hostile);'],
    ['an error that nobody catches', 'service', 'queueMicrotask(() => { throw new TypeError(hostile); }); return {};'],
    ['a rejection that nobody catches', 'command', 'Promise.reject(new TypeError(hostile)); return 0;'],
  ] as const)('%s', async (_what, kind, body) => {
    const { code, output } = await run(kind, body);
    const [first, ...stack] = output.trimEnd().split('\n');
    expect([code, first]).toEqual([1, `TypeError: ${shown}`]);
    expect(stack.length).toBeGreaterThan(0);
    for (const line of stack) expect(line).toMatch(/^ +at \P{Cc}*$/u);
  });

  it('a warning of Node', async () => {
    const { output } = await run('command', 'process.emitWarning(hostile); return 0;');
    expect(output.split('\n')[0]).toMatch(/^\(node:\d+\) Warning: Eve/);
    expect(output).toContain(shown);
  });
});
