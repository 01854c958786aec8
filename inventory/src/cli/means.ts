import type { Call } from '@doorstep/kit/cli/command.ts';
import type { Clock } from '@doorstep/kit/clock.ts';
import type { InventoryContext } from '../context.ts';

export type CommandMeans = Call & {
  context: InventoryContext;
  clock: Clock;
  stdin: AsyncIterable<Buffer>;
  /** For data that a program reads, which must be written unchanged. */
  stdout: Call['terminal'];
};
