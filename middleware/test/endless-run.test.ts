import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { within } from '@doorstep/kit/test/eventually.ts';
import { expect, it } from 'vitest';

it('a run of deliveries ends if the ledger fails during a claim that comes back as the breaker opens', async () => {
  // in a process of its own, because a run that never ends would block this one
  const child = fork(join(import.meta.dirname, 'endless-run-main.ts'), { silent: true });
  try {
    const [out, err] = await within(
      'the end of the run',
      Promise.all([text(child.stdout as Readable), text(child.stderr as Readable), once(child, 'close')]),
    );
    expect({ out, err }).toMatchObject({ out: 'the disk is full\n' });
  } finally {
    child.kill('SIGKILL');
  }
});
