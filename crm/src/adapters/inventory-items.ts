import { asAxiosError, blipRetry, describe, isBrokenOff, isRetryableStatus } from '@doorstep/kit/client/http-client.ts';
import type { Clock } from '@doorstep/kit/clock.ts';
import type { Logger } from '@doorstep/kit/process/logger.ts';
import { createOutageLog } from '@doorstep/kit/work/outage-log.ts';
import type { AxiosError, AxiosInstance, AxiosRequestConfig } from 'axios';
import { z } from 'zod';
import { item } from '../item.ts';
import type { ItemSource } from '../ports.ts';
import type { Breaker } from './breaker.ts';

/** Whatever an Inventory makes of the filter, nobody is shown what is another's. */
const itemPage = (customerId: number) =>
  z.object({ items: z.array(item.refine(({ customer_id }) => customer_id === customerId)), total: z.int() });

const settings = { url: 'INVENTORY_SERVICE_URL' };

/** Whether another question would have been answered no better. */
function isForEverybody(error: AxiosError): boolean {
  const { response } = error;
  return (
    !response || isBrokenOff(error) || isRetryableStatus(response.status) || [401, 403, 404].includes(response.status)
  );
}

/** `mayBeMissing`: 404 is an answer. */
type Question = AxiosRequestConfig & { mayBeMissing?: boolean };

type Means = { breaker: Breaker; logger: Logger; clock: Clock };

/** Customers' items, read from the Inventory. */
export function inventoryItems(client: AxiosInstance, { breaker, logger, clock }: Means): ItemSource {
  const outage = createOutageLog(
    { logger, clock },
    { meanwhile: 'my-items are answered with 503 until it is back', over: 'the Inventory answers again' },
  );

  /** The answer as the schema has it, undefined where there is no such thing; `unavailable` where there is no good answer. */
  async function read<S extends z.ZodType>(path: string, schema: S, config: Question) {
    if (!breaker.letThrough()) return { kind: 'unavailable' } as const;
    const outcome = await ask(path, schema, config).catch((error) => {
      breaker.bad();
      throw error;
    });
    if (outcome.kind === 'unavailable') {
      // what it refuses is this question, and others may fare better
      if (outcome.forEverybody) breaker.bad();
      else breaker.good();
      outage.away(outcome.reason);
    } else {
      breaker.good();
      outage.back();
    }
    return outcome;
  }

  async function ask<S extends z.ZodType>(path: string, schema: S, { mayBeMissing, ...config }: Question) {
    try {
      const { data } = await client.get(path, { ...config, 'axios-retry': blipRetry });
      const parsed = schema.safeParse(data);
      if (parsed.success) return { kind: 'found', data: parsed.data } as const;
      const reason = `Inventory answered with something else than ${path} is to give`;
      return { kind: 'unavailable', reason, forEverybody: false } as const;
    } catch (error) {
      const failure = asAxiosError(error);
      if (mayBeMissing && failure.response?.status === 404) return { kind: 'none' } as const;
      const reason = describe('Inventory', failure, settings);
      return { kind: 'unavailable', reason, forEverybody: isForEverybody(failure) } as const;
    }
  }

  return {
    async list({ customerId, ...query }, passOn) {
      const params = { ...query, customer_id: customerId };
      const outcome = await read('/api/v1/items/', itemPage(customerId), { params, headers: passOn });
      return outcome.kind === 'found' ? { kind: 'items', ...outcome.data } : { kind: 'unavailable' };
    },
    async get(id, passOn) {
      const outcome = await read(`/api/v1/items/${id}`, item, { mayBeMissing: true, headers: passOn });
      return outcome.kind === 'found' ? { kind: 'item', item: outcome.data } : { kind: outcome.kind };
    },
  };
}
