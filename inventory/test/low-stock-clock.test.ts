import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { startWebhookReceiver } from './a-webhook-receiver.ts';
import { about, allTold, fall, startTelling } from './low-stock.ts';

const aYearMs = 365 * 24 * 3_600_000;

describe.concurrent.each(databases)('an alert of low stock on %s', (kind) => {
  it('is sent at once after a clock that was a year ahead is corrected', async () => {
    await using receiver = await startWebhookReceiver();
    await using database = await freshDatabase(kind);
    receiver.onMessage = () => ({ status: 503 });
    {
      await using ahead = await startTelling(database, receiver);
      ahead.skip(aYearMs);
      await fall(ahead);
      // the receiver rejects a signature from the future
      await eventually(() => expect(receiver.strays).not.toEqual([]));
    }
    receiver.onMessage = () => undefined;

    await using inventory = await startTelling(database, receiver);
    const item = await fall(inventory);
    await allTold(inventory);

    expect(receiver.taken).toHaveLength(2);
    expect(about(item, receiver.taken)).toHaveLength(1);
  });

  it('under way to a silent receiver does not delay a stop', async () => {
    await using receiver = await startWebhookReceiver();
    await using database = await freshDatabase(kind);
    receiver.onMessage = () => 'no answer';
    const stopping = await startTelling(database, receiver);
    const item = await fall(stopping);
    await eventually(() => expect(receiver.tried).toHaveLength(1));

    const triedAt = performance.now();
    await stopping[Symbol.asyncDispose]();
    // the sender has its own timeout of ten seconds
    expect(performance.now() - triedAt).toBeLessThan(9_000);

    receiver.onMessage = () => undefined;
    await using inventory = await startTelling(database, receiver);
    await allTold(inventory);
    expect(about(item, receiver.taken)).toHaveLength(1);
  });
});
