import { describe } from '@doorstep/kit/client/describe.ts';
import { asAxiosError, blipRetry, isBrokenOff, isRetryableStatus } from '@doorstep/kit/client/http-client.ts';
import type { Clock } from '@doorstep/kit/clock.ts';
import type { Logger } from '@doorstep/kit/process/logger.ts';
import { createOutageLog } from '@doorstep/kit/work/outage-log.ts';
import type { AxiosError, AxiosInstance, AxiosRequestConfig } from 'axios';
import { z } from 'zod';
import { isItemOf, item } from '../item.ts';
import type { ItemSource } from '../ports.ts';
import type { Breaker } from './breaker.ts';

/** Rejects a page that contains another customer's item, even if the Inventory ignores the filter. */
const itemPage = (customerId: number) =>
  z.object({ items: z.array(item.refine((given) => isItemOf(given, customerId))), total: z.int() });

const settings = { url: 'INVENTORY_SERVICE_URL' };

/** Whether any other request would fail too. */
function concernsEveryRequest(error: AxiosError): boolean {
  const { response } = error;
  return (
    !response || isBrokenOff(error) || isRetryableStatus(response.status) || [401, 403, 404].includes(response.status)
  );
}

/** With `mayBeMissing`, a 404 means that the item does not exist; without it, a 404 is a failure. */
type Question = AxiosRequestConfig & { mayBeMissing?: boolean };

type Means = { breaker: Breaker; logger: Logger; clock: Clock };

/** Customers' items, read from the Inventory. */
export function inventoryItems(client: AxiosInstance, { breaker, logger, clock }: Means): ItemSource {
  const outage = createOutageLog(
    { logger, clock },
    { meanwhile: 'the my-items routes answer 503 until it is back', over: 'the Inventory answers again' },
  );

  /** `found` with the parsed answer, `none` for a permitted 404, `unavailable` for anything else. */
  async function read<S extends z.ZodType>(path: string, schema: S, config: Question) {
    if (!breaker.letThrough()) return { kind: 'unavailable' } as const;
    const outcome = await ask(path, schema, config).catch((error) => {
      breaker.bad();
      throw error;
    });
    if (outcome.kind === 'unavailable') {
      // the Inventory rejects this request only; others may succeed
      if (outcome.everyRequest) breaker.bad();
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
      const reason = `Inventory answered ${path} with an unexpected body`;
      return { kind: 'unavailable', reason, everyRequest: false } as const;
    } catch (error) {
      const failure = asAxiosError(error);
      if (mayBeMissing && failure.response?.status === 404) return { kind: 'none' } as const;
      const reason = describe('Inventory', failure, settings);
      return { kind: 'unavailable', reason, everyRequest: concernsEveryRequest(failure) } as const;
    }
  }

  return {
    async list({ customerId, ...query }, passOn) {
      const params = { ...query, customer_id: customerId, is_active: true };
      const outcome = await read('/api/v1/items/', itemPage(customerId), { params, headers: passOn });
      return outcome.kind === 'found' ? { kind: 'items', ...outcome.data } : { kind: 'unavailable' };
    },
    async get(id, passOn) {
      const outcome = await read(`/api/v1/items/${id}`, item, { mayBeMissing: true, headers: passOn });
      return outcome.kind === 'found' ? { kind: 'item', item: outcome.data } : { kind: outcome.kind };
    },
  };
}
