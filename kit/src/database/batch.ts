import { AppError } from '../errors.ts';
import { isUnavailable } from './faults.ts';

/** Closes the batch and gives what is in it; called again, the same. */
type Take<Input> = () => Input[];

/** What one statement may hold. */
const batchMax = 500;
/** More than this many waiting means that the database does not keep up, or not answer at all. */
const waitingMax = 10_000;

/** The storage itself, or a queue before it that is full. */
function isAway(error: unknown): boolean {
  return isUnavailable(error) || (error instanceof AppError && error.code === 'unavailable');
}

/**
 * Makes one write of what arrives together, where group commit alone would share the fsync and nothing else. Whoever calls
 * joins the batch that waits for its turn, up to when `run` takes it. `run` gives a result for each, in order, or an Error
 * where one is refused: a refusal undoes nothing of its neighbours'. Where all of it fails, each is run by itself, so
 * that nobody fails because of another.
 */
export function createBatch<Input, Output>(
  run: (take: Take<Input>) => Promise<(Output | Error)[]>,
): (input: Input) => Promise<Output> {
  let open: { inputs: Input[]; results: Promise<(Output | Error)[]> } | undefined;
  let waiting = 0;

  function openBatch() {
    const inputs: Input[] = [];
    const close = () => {
      if (open === batch) open = undefined;
    };
    const take = () => {
      close();
      return inputs;
    };
    const results = Promise.resolve().then(() => run(take));
    // a storage that is away fails it before anything is taken
    const batch = { inputs, results: results.finally(close) };
    return batch;
  }

  async function join(input: Input): Promise<Output> {
    open ??= openBatch();
    const { inputs, results } = open;
    const place = inputs.push(input) - 1;
    if (inputs.length >= batchMax) open = undefined;
    const [result] = await results.then(
      (all) => all.slice(place, place + 1),
      (error) => {
        if (inputs.length === 1 || isAway(error)) throw error;
        return run(() => [input]);
      },
    );
    if (result instanceof Error) throw result;
    return result as Output;
  }

  return async (input) => {
    if (waiting >= waitingMax) throw new AppError('unavailable', 'Too many writes wait for the storage');
    waiting += 1;
    try {
      return await join(input);
    } finally {
      waiting -= 1;
    }
  };
}
