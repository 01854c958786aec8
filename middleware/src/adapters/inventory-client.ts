import { setTimeout as sleep } from 'node:timers/promises';
import { asAxiosError, isRouteAbsent, retryAfterMs } from '@doorstep/kit/client/http-client.ts';
import { backoffMs } from '@doorstep/kit/work/backoff.ts';
import type { AxiosError, AxiosInstance } from 'axios';
import type { IAxiosRetryConfig } from 'axios-retry';
import type { Outcome } from '../delivery.ts';
import { inventoryNames, type NameOptions } from '../inventory-names.ts';
import type { Answer, PackageTarget } from '../ports.ts';
import { created, isInDoubt, isQuicklyRetried, judge, judgeResult, reasonOf, toRetry } from './inventory-answers.ts';
import { inventoryLookUp } from './inventory-look-up.ts';

type InventoryOptions = NameOptions & {
  idempotency: PackageTarget['idempotency'];
  retriesMax: number;
  /** Wait before the first quick retry; each further wait is twice as long. */
  firstWaitMs: number;
  /** From 0 up to, not including, 1. */
  random: () => number;
  /** Called before each quick retry; `who` is `customer 7`, or the number of customers. */
  onQuickRetry: (who: string, reason: string, waitMs: number) => void;
};

export function inventoryClient(client: AxiosInstance, options: InventoryOptions): PackageTarget {
  const { packageType, idempotency } = options;
  const names = inventoryNames(options);
  const lookUp = inventoryLookUp(client, names);
  let canBeAsked = false;

  return {
    ...lookUp,

    idempotency,

    show({ customerId, customerName }) {
      const sent = { customerId: names.nameOf(customerId), customerName: customerName.slice(0, 50), packageType };
      return `POST /packages ${JSON.stringify(sent)}`;
    },

    async create({ customerId, customerName, idempotencyKey }, { quickRetries }) {
      void idempotency(); // so that it is known by the time a post fails
      let mayHaveBeenMade = false;
      const mayPostAgain = async (error: AxiosError) => {
        mayHaveBeenMade ||= isInDoubt(error);
        return !mayHaveBeenMade || (await idempotency()) === 'permanent';
      };
      try {
        const response = await client.post(
          '/packages',
          { customerId: names.nameOf(customerId), customerName, packageType },
          {
            headers: { 'Idempotency-Key': idempotencyKey },
            'axios-retry': quickly(`customer ${customerId}`, options, {
              isRetried: async (error) => quickRetries && isQuicklyRetried(error) && (await mayPostAgain(error)),
            }),
          },
        );
        return created(response);
      } catch (error) {
        const answer = judge(asAxiosError(error));
        return mayHaveBeenMade ? inDoubt(answer) : answer;
      }
    },

    async createMany(requests) {
      void idempotency();
      // another Inventory may not know the keys of a group, so a package in doubt must be found by look-up
      if (!canBeAsked) {
        const answer = await lookUp.find(requests[0]?.customerId ?? 0);
        if (answer.kind === 'retry') return answer;
        if (answer.kind === 'unknown' || answer.kind === 'forbidden')
          return unsupported('the Inventory cannot be asked what packages there are');
        canBeAsked = true;
      }
      const packages = requests.map((request) => {
        return { ...request, customerId: names.nameOf(request.customerId), packageType };
      });
      // a group that may have arrived is looked up before it is posted again, and that takes a new claim
      const isRetried = async (error: AxiosError) =>
        isQuicklyRetried(error) && !isInDoubt(error) && !isRouteAbsent(error);
      try {
        const { data } = await client.post(
          '/packages/batch',
          { packages },
          { 'axios-retry': quickly(`${requests.length} customers`, options, { isRetried }) },
        );
        const results = data?.results;
        const isWhole = Array.isArray(results) && results.length === requests.length;
        if (!isWhole)
          return { ...unsupported('POST /packages/batch of the Inventory gives no results'), inDoubt: true };
        return { kind: 'answers', answers: results.map(judgeResult) };
      } catch (error) {
        const failure = asAxiosError(error);
        if (isRouteAbsent(failure)) return unsupported('the Inventory has no POST /packages/batch');
        const answer = judge(failure);
        if (answer.kind === 'retry' && !isStumble(failure)) return answer;
        const { reason, inDoubt } = toRetry(failure);
        return { kind: 'refused', inDoubt, reason };
      }
    },
  };
}

/** An earlier post of the same attempt may have created a package, or may still create it. */
function inDoubt(answer: Answer): Answer {
  if (answer.kind === 'conflict') return { ...answer, otherwise: doubtful(answer.otherwise) };
  return doubtful(answer);
}

function doubtful(outcome: Outcome): Outcome {
  return outcome.kind === 'retry' ? { ...outcome, inDoubt: true } : outcome;
}

function unsupported(reason: string) {
  return { kind: 'unsupported', inDoubt: false, reason } as const;
}

/** An Inventory that fails on one package of a group answers 500 to the whole group. */
function isStumble({ response }: AxiosError): boolean {
  return response?.status === 500;
}

type QuickRetries = { isRetried: (error: AxiosError) => Promise<boolean> };

function quickly(who: string, options: InventoryOptions, { isRetried }: QuickRetries): IAxiosRetryConfig {
  return {
    retries: options.retriesMax,
    retryDelay: () => 0,
    async retryCondition(error) {
      if (!(await isRetried(error))) return false;
      await sleep(waitBefore(who, error, options));
      return true;
    },
  };
}

function waitBefore(who: string, error: AxiosError, { firstWaitMs, random, onQuickRetry }: InventoryOptions): number {
  const before = error.config?.['axios-retry']?.retryCount ?? 0;
  // there are only a few, so the wait needs no upper limit
  const waits = { firstMs: firstWaitMs, longestMs: Number.POSITIVE_INFINITY };
  const waitMs = Math.round(Math.max(backoffMs(waits, before + 1, random()), retryAfterMs(error) ?? 0));
  onQuickRetry(who, reasonOf(error), waitMs);
  return waitMs;
}
