import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '@doorstep/kit/backoff.ts';
import { asAxiosError, retryAfterMs } from '@doorstep/kit/http-client.ts';
import type { AxiosError, AxiosInstance } from 'axios';
import type { IAxiosRetryConfig } from 'axios-retry';
import type { PackageId } from '../delivery.ts';
import type { PackageTarget } from '../ports.ts';
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
  let canBeAsked = false;

  return {
    ...lookUp,

    async create({ customerId, customerName, idempotencyKey }, { quickRetries }) {
      let found: PackageId | undefined;
      const retryCondition = async (error: AxiosError) => {
        if (!quickRetries || !isQuicklyRetried(error)) return false;
        if (!isInDoubt(error)) return true;
        // A package may have been made, or be in the making: an Inventory that knows no keys would make a second one.
        await sleep(waitBefore(`customer ${customerId}`, error, options));
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
      // A group carries no key that another Inventory would know, so what is in doubt must be found by looking.
      if (!canBeAsked) {
        const answer = await lookUp.find(requests[0]?.customerId ?? 0);
        if (answer.kind === 'retry') return answer;
        if (answer.kind === 'unknown') return unsupported('the Inventory cannot be asked what packages there are');
        canBeAsked = true;
      }
      const packages = requests.map((request) => ({ ...request, packageType }));
      // what may have arrived is looked up before it is posted again, and that takes a claim of its own
      const retryCondition = (error: AxiosError) => isQuicklyRetried(error) && !isInDoubt(error) && !isAbsent(error);
      try {
        const { data } = await client.post(
          '/packages/batch',
          { packages },
          { 'axios-retry': quickly(`${requests.length} customers`, retryCondition, options) },
        );
        const results = data?.results;
        const isWhole = Array.isArray(results) && results.length === requests.length;
        if (!isWhole)
          return { ...unsupported('POST /packages/batch of the Inventory gives no results'), inDoubt: true };
        return { kind: 'answers', answers: results.map(judgeResult) };
      } catch (error) {
        const failure = asAxiosError(error);
        if (isAbsent(failure)) return unsupported('the Inventory has no POST /packages/batch');
        const answer = judge(failure);
        if (answer.kind === 'retry' && !isStumble(failure)) return answer;
        const { reason, inDoubt } = toRetry(failure);
        return { kind: 'refused', inDoubt, reason };
      }
    },
  };
}

function unsupported(reason: string) {
  return { kind: 'unsupported', inDoubt: false, reason } as const;
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
  options: InventoryOptions,
): IAxiosRetryConfig {
  return {
    retries: options.retriesMax,
    retryCondition,
    // who is in doubt has waited before looking: nothing is to happen between the look and the post
    retryDelay: (_count, error) => (isInDoubt(error) ? 0 : waitBefore(who, error, options)),
  };
}

/** The wait before a quick retry, of which is told. */
function waitBefore(who: string, error: AxiosError, { firstWaitMs, random, onQuickRetry }: InventoryOptions): number {
  const before = retriesBefore(error);
  // a few at most, so that they need no longest one
  const waits = { firstMs: firstWaitMs, longestMs: Number.POSITIVE_INFINITY };
  const waitMs = Math.round(Math.max(backoffMs(waits, before + 1, random()), retryAfterMs(error) ?? 0));
  onQuickRetry(who, reasonOf(error), waitMs);
  return waitMs;
}

/** axios-retry counts a retry between asking for its condition and asking for its delay; only the former is in doubt. */
function retriesBefore(error: AxiosError): number {
  const count = error.config?.['axios-retry']?.retryCount ?? 0;
  return isInDoubt(error) ? count : count - 1;
}
