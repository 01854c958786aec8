import type { Call } from '@doorstep/kit/cli/command.ts';
import type { Clock } from '@doorstep/kit/clock.ts';
import type { InventoryContext } from '../context.ts';

/** What a command has to work with. */
export type CommandMeans = Call & {
  context: InventoryContext;
  clock: Clock;
  stdin: AsyncIterable<Buffer>;
  /** Where data goes that is to stay as it is. */
  stdout: Call['terminal'];
};
