import { type Claims, invalidToken } from '@doorstep/kit/auth/tokens.ts';
import type { Write } from '@doorstep/kit/database/group-commit.ts';
import type { Transaction } from 'kysely';
import type { CrmContext } from '../context.ts';
import { isCurrent, requireCurrent } from '../db/credentials.ts';
import type { CrmDatabase } from '../db/schema.ts';

type RunAll = (trx: Transaction<CrmDatabase>, inputs: unknown[], context: CrmContext) => Promise<unknown[]>;
type Call = { caller: Claims; runAll: RunAll; input: unknown };

/**
 * The context in which the routes act for a caller. Each write first looks in its own transaction whether the caller's token
 * is still valid: between the check at the door and the write, a new password or a deletion may have ended it.
 */
export function actingAs(context: CrmContext, caller: Claims): CrmContext {
  const write: Write<CrmDatabase> = (run) =>
    context.write(async (trx) => {
      await requireCurrent(trx, caller);
      return run(trx);
    });
  // the acting context that the command passes would keep its input out of the group of other requests
  const together = (runAll: RunAll, input: unknown) =>
    context.write.together(runForCurrent, { caller, runAll, input }, context);
  return { ...context, write: Object.assign(write, { together: together as CrmContext['write']['together'] }) };
}

/** The writes of all callers that wait share their statements, as they do without callers. */
async function runForCurrent(trx: Transaction<CrmDatabase>, calls: Call[], context: CrmContext): Promise<unknown[]> {
  const results = new Map<Call, unknown>();
  for (const own of Map.groupBy(calls, ({ caller }) => JSON.stringify(caller)).values()) {
    const [{ caller }] = own as [Call];
    if (!(await isCurrent(trx, caller))) for (const call of own) results.set(call, invalidToken());
  }
  const current = calls.filter((call) => !results.has(call));
  for (const [runAll, alike] of Map.groupBy(current, (call) => call.runAll)) {
    const inputs = alike.map(({ input }) => input);
    const outputs = await runAll(trx, inputs, context);
    for (const [place, call] of alike.entries()) results.set(call, outputs[place]);
  }
  return calls.map((call) => results.get(call));
}
