import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { createProgress } from '@doorstep/kit/cli/progress.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import { repair } from '../commands/repair.ts';
import { getStatus, toReconciliationView } from '../queries/get-status.ts';
import { type ReconcileOptions, reconcile } from '../reconcile/reconcile.ts';
import type { Reconciliation } from '../reconcile/reconciliation.ts';
import { summarize } from '../reconcile/summarize.ts';
import { whatToDo } from '../strangers.ts';
import type { CommandMeans } from './means.ts';
import { hindrance } from './outlook.ts';
import { pollHere } from './poll.ts';

export const reconcileCommand: Command<CommandMeans> = {
  summary: 'prove that every customer has exactly one package',
  details:
    'Reads all customers of the CRM and all packages of the Inventory, and prints each exception and the counts, which add up. Exits with 1 unless it is a proof.',
  forms: ['[--repair]'],
  options: { '--repair': 'first deliver each missing package' },
  examples: ['', '--repair'],
  async run(means) {
    const { context, values, print, say } = means;
    let repaired = 0;
    if (values['repair']) {
      await compare(means, {
        // scripts get only the exceptions that the repair leaves
        isSilent: Boolean(values['json']),
        async onMissing(customers) {
          repaired += customers.length;
          await repair(
            context,
            customers.map(({ customerId }) => customerId),
          );
        },
      });
      if (repaired > 0) {
        say(`${repaired} missing ${repaired === 1 ? 'package is' : 'packages are'} due again.`);
        await deliver(means);
      }
    }
    const reconciliation = await compare(means, {});
    if (values['json']) print(JSON.stringify({ repaired, ...toReconciliationView(reconciliation) }));
    return reconciliation.proven ? exitCodes.done : exitCodes.no;
  },
};

/** Prints the counts, and each exception as it is found. @throws AppError if either side is unavailable. */
async function compare(
  means: CommandMeans,
  { isSilent = false, ...options }: Pick<ReconcileOptions, 'onMissing'> & { isSilent?: boolean },
): Promise<Reconciliation> {
  const { context, values, print } = means;
  const progress = createProgress(means, 'read');
  const { deliveries } = await getStatus(context);
  const expected = 2 * Object.values(deliveries).reduce((sum, count) => sum + count, 0);
  let read = 0;
  const result = await reconcile(context, {
    ...options,
    onProgress(count) {
      read += count;
      progress.show(read, expected);
    },
    onException(exception) {
      if (isSilent) return;
      progress.end();
      const { kind, customerId, detail } = exception;
      if (values['json']) print(JSON.stringify({ kind, customer_id: customerId ?? null, detail }));
      else print(`${kind.padEnd(9)}  ${detail}`);
    },
  });
  progress.end();
  if (result.kind === 'unavailable')
    throw new AppError('unavailable', `The CRM and the Inventory cannot be compared: ${result.reason}.`);
  if (!values['json']) {
    print(`${summarize(result.reconciliation)}.`);
    if (result.reconciliation.exceptions.changed > 0) print(`Deliveries are stopped: ${whatToDo}.`);
  }
  return result.reconciliation;
}

const stalledMs = 30_000;

/** Lets the daemon deliver, or delivers here, until no delivery waits for a first attempt. */
async function deliver(means: CommandMeans): Promise<void> {
  const { context, daemon, say } = means;
  if ((await daemon.status()) === undefined) {
    await pollHere(means);
    return;
  }
  const hindered = await hindrance(means);
  if (hindered) return say(`Not delivered yet: ${hindered}.`);
  await daemon.poll();
  const progress = createProgress(means, 'retried');
  let waiting = Number.POSITIVE_INFINITY;
  let total = 0;
  let movedMs = context.clock.monotonicMs();
  while (waiting > 0 && context.clock.monotonicMs() - movedMs < stalledMs) {
    const { pending } = (await getStatus(context)).deliveries;
    if (pending < waiting) movedMs = context.clock.monotonicMs();
    waiting = pending;
    total = Math.max(total, waiting);
    progress.show(total - waiting, total);
    if (waiting > 0) await sleep(100);
  }
  progress.end();
}
