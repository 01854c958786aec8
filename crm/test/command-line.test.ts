import { readdir } from 'node:fs/promises';
import { freshDatabase } from '@doorstep/kit/test/databases.ts';
import { runToItsEnd } from '@doorstep/kit/test/spawn-service.ts';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../src/cli/command-line.ts';
import { crmEnvironment } from './start.ts';

/** Runs the CRM as a process with these arguments and an empty data folder. */
async function run(...words: string[]) {
  await using fresh = await freshDatabase('sqlite', { isEmpty: true });
  const ran = await runToItsEnd('crm', crmEnvironment(fresh), words);
  return { ...ran, made: await readdir(fresh.dataDir) };
}

async function runHere(...words: string[]) {
  let output = '';
  const stream = {
    write(text: string) {
      output += text;
    },
  };
  const code = await runCommandLine(words, {}, { stdout: stream, stderr: stream });
  return { code, output };
}

const usage = /^Usage: npm run -s crm -- COMMAND [\s\S]* npm exec -- node crm\/src\/main.ts /;

describe.concurrent('the CRM with arguments', () => {
  it('rejects an unknown command and starts nothing', async () => {
    const output = 'Unknown command "start"; this service has no commands.\n';
    expect(await run('start')).toEqual({ code: 2, output, made: [] });
  });

  it('prints its usage and starts nothing when the npm script runs it without a command', async () => {
    expect(await run('--')).toEqual({ code: 0, output: expect.stringMatching(usage), made: [] });
  });

  it.each(['--verbose', '--version', '-p', 'help me'])('rejects "%s" with exit code 2', async (words) => {
    const { code, output } = await runHere(...words.split(' '));
    expect(code).toBe(2);
    expect(output).toMatch(/^Unknown command "[^"]+"; this service has no commands\.\n$/);
  });

  it.each(['--help', '-h', 'help'])('prints its usage for "%s"', async (word) => {
    expect(await runHere(word)).toEqual({ code: 0, output: expect.stringMatching(usage) });
  });
});
