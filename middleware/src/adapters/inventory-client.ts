import type { AxiosError, AxiosInstance } from 'axios';
import type { IAxiosRetryConfig } from 'axios-retry';
import type { PackageId } from '../delivery.ts';
import type { PackageTarget } from '../ports.ts';
import { asAxiosError, retryAfterMs } from './http-client.ts';
import { created, isInDoubt, isQuicklyRetried, judge, judgeResult, reasonOf, toRetry } from './inventory-answers.ts';
import { inventoryLookUp } from './inventory-look-up.ts';

type InventoryOptions = {
  packageType: string;
  /** Quick retries inside one attempt. */
  retriesMax: number;
  /** Wait before the first of them; each further one waits twice as long. */
  firstWaitMs: number;
  /** From 0 up to, not including, 1. */
  random: () => number;
  /** Told before each quick retry; `who` is `customer 7`, or how many there are. */
  onQuickRetry: (who: string, reason: string, waitMs: number) => void;
};

/** The Inventory as a target of packages. */
export function inventoryClient(client: AxiosInstance, options: InventoryOptions): PackageTarget {
  const { packageType } = options;
  const lookUp = inventoryLookUp(client, packageType);

  return {
    ...lookUp,

    async create({ customerId, customerName, idempotencyKey }, { quickRetries }) {
      let found: PackageId | undefined;
      const retryCondition = async (error: AxiosError) => {
        if (!quickRetries || !isQuicklyRetried(error)) return false;
        if (!isInDoubt(error)) return true;
        // No answer came, but a package may have been made: an Inventory that knows no keys would make a second one.
        const existing = await lookUp.find(customerId);
        if (existing.kind === 'found') found = existing.packageId;
        return existing.kind === 'none' || existing.kind === 'unknown';
      };
      try {
        const response = await client.post(
          '/packages',
          { customerId, customerName, packageType },
          {
            headers: { 'Idempotency-Key': idempotencyKey },
            'axios-retry': quickly(`customer ${customerId}`, retryCondition, options),
          },
        );
        return created(response);
      } catch (error) {
        if (found !== undefined) return { kind: 'delivered', packageId: found, existed: true };
        return judge(asAxiosError(error));
      }
    },

    async createMany(requests) {
      const packages = requests.map(({ customerId, customerName }) => ({ customerId, customerName, packageType }));
      // what may have arrived is looked up before it is posted again, and that takes a claim of its own
      const retryCondition = (error: AxiosError) => {
        return isQuicklyRetried(error) && !isInDoubt(error) && !isAbsent(error) && !isStumble(error);
      };
      try {
        const { data } = await client.post(
          '/packages/batch',
          { packages },
          { 'axios-retry': quickly(`${requests.length} customers`, retryCondition, options) },
        );
        const results = data?.results;
        if (!Array.isArray(results) || results.length !== requests.length)
          return { kind: 'unsupported', inDoubt: true };
        return { kind: 'answers', answers: results.map(judgeResult) };
      } catch (error) {
        const failure = asAxiosError(error);
        if (isAbsent(failure)) return { kind: 'unsupported', inDoubt: false };
        const answer = judge(failure);
        if (answer.kind === 'retry' && !isStumble(failure)) return answer;
        return { kind: 'refused', reason: toRetry(failure).reason };
      }
    },
  };
}

/** The Inventory has no such route. */
function isAbsent({ response }: AxiosError): boolean {
  return [404, 405, 501].includes(response?.status ?? 0);
}

/** An Inventory that stumbles over one of a group answers 500 to all of it. */
function isStumble({ response }: AxiosError): boolean {
  return response?.status === 500;
}

function quickly(
  who: string,
  retryCondition: (error: AxiosError) => boolean | Promise<boolean>,
  { retriesMax, firstWaitMs, random, onQuickRetry }: InventoryOptions,
): IAxiosRetryConfig {
  return {
    retries: retriesMax,
    retryCondition,
    retryDelay: (count, error) => {
      const backoffMs = firstWaitMs * 2 ** (count - 1) * (0.8 + 0.4 * random());
      const waitMs = Math.round(Math.max(backoffMs, retryAfterMs(error) ?? 0));
      onQuickRetry(who, reasonOf(error), waitMs);
      return waitMs;
    },
  };
}
