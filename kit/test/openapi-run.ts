import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { type Answer, readAnswer } from './call.ts';
import { type DatabaseKind, databases } from './databases.ts';
import { within } from './eventually.ts';
import { answerCheck } from './openapi-answers.ts';
import { bodyCheck } from './openapi-bodies.ts';
import { type ApiDocument, type ApiRequest, type Operation, operationsOf } from './openapi-requests.ts';

/** The number of requests per operation: `PROPERTY_RUNS`, or else `usual`. */
export function runsOf(usual: number): number {
  return Number(process.env['PROPERTY_RUNS'] || usual);
}

/** A run with its own number of requests also prints a summary. */
const printsSummary = Boolean(process.env['PROPERTY_RUNS']);

/** PostgreSQL alone, because it rejects more than SQLite; both with `PROPERTY_RUNS`. */
export const databasesTried: readonly DatabaseKind[] = printsSummary ? databases : ['postgres'];

const answerShownMax = 500;

type Callers = Record<string, () => Promise<Record<string, string>>>;

type Run = {
  name: string;
  service: { url: string };
  document: ApiDocument;
  /** The number of requests per operation. */
  runs: number;
  requestsTo: (operation: Operation) => fc.Arbitrary<ApiRequest>;
  /** The headers of each caller, by name. */
  callers?: Callers;
  /** If all requests are valid, the only messages that may reject one. */
  rightRefusals?: RegExp;
};

const nobody: Callers = { nobody: async () => ({}) };

/**
 * Sends requests to every operation of a document. Returns the number of answers by status.
 * @throws Error with one request for each operation that answered with a server error or not as documented.
 */
export async function tryEveryOperation(run: Run): Promise<Map<number, number>> {
  const { name, service, document, runs, requestsTo, callers = nobody, rightRefusals } = run;
  // the same seed repeats the same requests
  const seed = Number(process.env['PROPERTY_SEED'] || Date.now() % 1e9);
  const agent = new Agent({ keepAlive: true });
  const check = answerCheck(document);
  const checkBody = bodyCheck(document);
  const statuses = new Map<number, number>();
  const tryOne = async (operation: Operation, request: ApiRequest, caller: string) => {
    const headers = { ...request.headers, ...(await callers[caller]?.()) };
    const answer = await send(service, { ...request, headers }, agent);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    const complaints = [
      ...faults(answer, rightRefusals),
      ...check(request, answer),
      ...checkBody(operation, request, answer),
    ];
    if (complaints.length > 0) throw new Error(complaints.join('; '), { cause: answer.body });
  };
  const failures: string[] = [];
  for (const [index, operation] of operationsOf(document).entries()) {
    const tryToFail = givingUp((request: ApiRequest, caller: string) => tryOne(operation, request, caller));
    const property = fc.asyncProperty(requestsTo(operation), fc.constantFrom(...Object.keys(callers)), tryToFail);
    const details = await fc.check(property, { numRuns: runs, seed: seed + index });
    if (details.failed) failures.push(failureOf(details));
  }
  agent.destroy();
  if (printsSummary) process.stdout.write(`${name}, seed ${seed}: ${summaryOf(statuses)}\n`);
  if (failures.length > 0) throw new Error(`with PROPERTY_RUNS=${runs} PROPERTY_SEED=${seed}\n${failures.join('\n')}`);
  return statuses;
}

const smallerMax = 50;

/** After a failure, fast-check tries smaller requests. Lets it try `smallerMax` of them, then passes all others. */
function givingUp<Request extends unknown[]>(tryOne: (...request: Request) => Promise<void>) {
  let left = Number.POSITIVE_INFINITY;
  return async (...request: Request) => {
    if (left <= 0) return;
    left -= 1;
    await tryOne(...request).catch((error) => {
      left = Math.min(left, smallerMax);
      throw error;
    });
  };
}

function faults({ status, body }: Answer, rightRefusals: RegExp | undefined): string[] {
  if (status >= 500) return [`${status} is a fault`];
  // schemas do not limit the size of a body (413)
  const isRefused = status === 400 || status === 415;
  if (!rightRefusals || !isRefused || rightRefusals.test(body.detail)) return [];
  return ['it is refused although the document allows it'];
}

function failureOf({ counterexample, errorInstance }: fc.RunDetails<[ApiRequest, string]>): string {
  const [request, caller] = counterexample ?? [];
  const { message, cause } = errorInstance as Error;
  const answer = JSON.stringify(cause)?.slice(0, answerShownMax);
  return `${fc.stringify(request)} from ${caller}\n  ${message}\n  ${answer}`;
}

function summaryOf(statuses: Map<number, number>): string {
  const total = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  const list = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status} ${count} times`);
  return `${total} requests, ${list.join(', ')}`;
}

/** Sends a request unchanged. Rejects if the connection ends without an answer. */
function send(service: { url: string }, request: ApiRequest, agent: Agent): Promise<Answer> {
  const { hostname, port } = new URL(service.url);
  const { method, path, body } = request;
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const headers = { ...request.headers, ...(bytes && { 'Content-Length': String(bytes.length) }) };
  const outgoing = httpRequest({ hostname, port, method, path, headers, agent });
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    outgoing.on('response', resolve).on('error', reject),
  );
  outgoing.end(bytes);
  return within(`the answer to ${method} ${path}`, answered.then(readAnswer));
}
