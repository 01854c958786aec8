import type { AxiosError, AxiosInstance, AxiosResponse } from 'axios';
import type { IAxiosRetryConfig } from 'axios-retry';
import type { Outcome, PackageId, Retry } from '../delivery.ts';
import type { PackageRequest, PackageTarget } from '../ports.ts';
import { asAxiosError, describe, isRetryableStatus, neverArrived, retryAfterMs, storable } from './http-client.ts';

type InventoryOptions = {
  packageType: string;
  /** Quick retries inside one attempt. */
  retriesMax: number;
  /** Wait before the first of them; each further one waits twice as long. */
  firstWaitMs: number;
  /** From 0 up to, not including, 1. */
  random: () => number;
  /** Told before each quick retry. */
  onQuickRetry: (customerId: number, reason: string, waitMs: number) => void;
};

const settings = { token: 'INVENTORY_TOKEN', url: 'INVENTORY_SERVICE_URL' };
/** Who asks for a longer wait than this is left to the retry schedule. */
const quickWaitMaxMs = 10_000;

/** The Inventory as a target of packages. */
export function inventoryClient(client: AxiosInstance, options: InventoryOptions): PackageTarget {
  const { packageType } = options;

  async function create(request: PackageRequest) {
    const { customerId, customerName, idempotencyKey } = request;
    let found: PackageId | undefined;
    const retryCondition = async (error: AxiosError) => {
      if (!isQuicklyRetried(error)) return false;
      if (!isInDoubt(error)) return true;
      // No answer came, but a package may have been made: an Inventory that knows no keys would make a second one.
      const existing = await find(customerId);
      if (existing.kind === 'found') found = existing.packageId;
      return existing.kind === 'none' || existing.kind === 'unknown';
    };
    try {
      const response = await client.post(
        '/packages',
        { customerId, customerName, packageType },
        { headers: { 'Idempotency-Key': idempotencyKey }, 'axios-retry': quickRetries(customerId, retryCondition) },
      );
      return created(response);
    } catch (error) {
      if (found !== undefined) return { kind: 'delivered', packageId: found, existed: true } as const;
      return judge(asAxiosError(error));
    }
  }

  function quickRetries(
    customerId: number,
    retryCondition: (error: AxiosError) => Promise<boolean>,
  ): IAxiosRetryConfig {
    const { retriesMax, firstWaitMs, random, onQuickRetry } = options;
    return {
      retries: retriesMax,
      retryCondition,
      retryDelay: (count, error) => {
        const backoffMs = firstWaitMs * 2 ** (count - 1) * (0.8 + 0.4 * random());
        const waitMs = Math.round(Math.max(backoffMs, retryAfterMs(error) ?? 0));
        onQuickRetry(customerId, reasonOf(error), waitMs);
        return waitMs;
      },
    };
  }

  async function find(customerId: number) {
    try {
      const { data } = await client.get('/packages', { params: { customerId } });
      if (!Array.isArray(data)) return { kind: 'unknown' } as const;
      const match = data.find((entry) => entry?.customerId === customerId && entry.packageType === packageType);
      const packageId = packageIdOf(match);
      return packageId === undefined ? ({ kind: 'none' } as const) : ({ kind: 'found', packageId } as const);
    } catch (error) {
      const failure = asAxiosError(error);
      if ([400, 404, 405, 501].includes(failure.response?.status ?? 0)) return { kind: 'unknown' } as const;
      return { ...retry(failure), inDoubt: true };
    }
  }

  return { create, find };
}

/** An answer to a post that names no package is none. */
export function isUsable({ config, data }: AxiosResponse): boolean {
  return config.method !== 'post' || packageIdOf(data) !== undefined;
}

function created({ data, status, headers }: AxiosResponse): Outcome {
  const packageId = packageIdOf(data) as PackageId; // there is one, or the answer would not have passed
  return { kind: 'delivered', packageId, status, existed: headers['idempotent-replayed'] === 'true' };
}

/** What an answer that is no package means. */
function judge(error: AxiosError): Outcome | { kind: 'conflict'; otherwise: Outcome } {
  const status = error.response?.status;
  if (status === 409) return { kind: 'conflict', otherwise: retry(error) };
  const final = status !== undefined && status >= 400 && !isRetryableStatus(status) && !isMisdirected(status);
  if (!final) return retry(error);
  const rejected: Outcome = { kind: 'rejected', reason: reasonOf(error), status };
  // the key is known with another name: a ledger that was lost meets a customer who was renamed since
  return status === 422 ? { kind: 'conflict', otherwise: rejected } : rejected;
}

function retry(error: AxiosError): Retry {
  const status = error.response?.status;
  const afterMs = retryAfterMs(error);
  return {
    kind: 'retry',
    reason: reasonOf(error),
    inDoubt: isInDoubt(error),
    ...(status !== undefined && { status }),
    ...(afterMs !== undefined && { afterMs }),
  };
}

/** A wrong token or address: no fault of this customer's. */
function isMisdirected(status: number): boolean {
  return [401, 403, 404, 405].includes(status);
}

function isQuicklyRetried(error: AxiosError): boolean {
  const status = error.response?.status;
  if ((retryAfterMs(error) ?? 0) > quickWaitMaxMs) return false;
  return status === undefined || status < 300 || isRetryableStatus(status) || isMisdirected(status);
}

/** Whether the post may have made a package: no answer, a gateway's word for no answer, or one that names no package. */
function isInDoubt(error: AxiosError): boolean {
  const status = error.response?.status;
  if (status === undefined) return !neverArrived(error);
  return status < 300 || status === 502 || status === 504;
}

function reasonOf(error: AxiosError): string {
  if (error.response && isSuccess(error.response)) {
    return `Inventory answered ${error.response.status} without a package id`;
  }
  return describe('Inventory', error, settings);
}

function isSuccess({ status }: AxiosResponse): boolean {
  return status >= 200 && status < 300;
}

const packageIdMax = 200;

/** A positive integer as it is; anything else that can be told apart as text. */
function packageIdOf(data: unknown): PackageId | undefined {
  const id = (data as { id?: unknown } | null | undefined)?.id;
  if (Number.isSafeInteger(id) && (id as number) > 0) return id as number;
  if (typeof id !== 'string' && typeof id !== 'number') return undefined;
  return storable(String(id), packageIdMax) || undefined;
}
