import type { Clock } from '@doorstep/kit/clock.ts';
import type { Call } from '@doorstep/kit/command.ts';
import type { InventoryContext } from '../context.ts';

/** What a command has to work with. */
export type CommandMeans = Call & {
  context: InventoryContext;
  clock: Clock;
  stdin: AsyncIterable<Buffer>;
  /** Where data goes that is to stay as it is. */
  stdout: Call['terminal'];
};
