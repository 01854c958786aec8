import { describe, describeAnswer } from '@doorstep/kit/client/describe.ts';
import {
  isBrokenOff,
  isRetryableStatus,
  neverArrived,
  retryAfterMs,
  storable,
} from '@doorstep/kit/client/http-client.ts';
import { isFromProxy } from '@doorstep/kit/client/proxy-answers.ts';
import type { AxiosError, AxiosResponse } from 'axios';
import type { Bears, Outcome, PackageId, Retry } from '../delivery.ts';
import type { Answer } from '../ports.ts';

const settings = { token: 'INVENTORY_TOKEN', url: 'INVENTORY_SERVICE_URL' };

/** An answer to a post counts only if it names a package. */
export function isUsable({ config, data }: AxiosResponse): boolean {
  return config.method !== 'post' || config.url !== '/packages' || createdIdOf(data) !== undefined;
}

export function created({ data, status, headers }: AxiosResponse): Outcome {
  const packageId = createdIdOf(data) as PackageId; // `isUsable` has checked it
  const existed = headers['idempotent-replayed'] === 'true';
  return { kind: 'delivered', packageId, status, existed, ...(status !== 201 && whatItBears(data)) };
}

export function judge(error: AxiosError): Answer {
  const status = error.response?.status;
  // what a proxy refuses says nothing about the customer
  const isAnswered = status !== undefined && !isFromProxy(error.response);
  return isAnswered ? judgeStatus(status, toRetry(error)) : toRetry(error);
}

type GroupResult = { status?: unknown; package?: unknown; error?: unknown } | null | undefined;

export function judgeResult(result: GroupResult): Answer {
  const given = Number(result?.status);
  const status = given >= 100 && given <= 599 ? given : Number.NaN;
  const packageId = packageIdOf(result?.package);
  const isGood = isSuccess(status);
  if (isGood && packageId !== undefined) {
    const existed = status === 200;
    return { kind: 'delivered', packageId, status, existed, ...(existed && whatItBears(result?.package)) };
  }
  const named = Number.isInteger(status);
  return judgeStatus(status, {
    kind: 'retry',
    reason: isGood || !named ? withoutId(status) : describeAnswer('Inventory', { status, data: result }, settings),
    ...(named && { status }),
    inDoubt: !named || isDoubtful(status),
    whose: 'customer',
  });
}

/** The kinds of failures of any call: the only place that knows statuses by number. */
type Failure =
  | 'unanswered'
  /** A 2xx without a package id. */
  | 'unusable'
  | 'redirected'
  | 'conflict'
  /** A wrong token or address, which is not a fault of the customer. */
  | 'misdirected'
  | 'busy'
  | 'refused';

function classify(status: number | undefined): Failure {
  if (status === undefined) return 'unanswered';
  if (status === 409) return 'conflict';
  if ([301, 307, 308, 401, 403, 404, 405, 407].includes(status)) return 'misdirected';
  if (isRetryableStatus(status)) return 'busy';
  if (status >= 400) return 'refused';
  return status >= 300 ? 'redirected' : 'unusable';
}

/** The Inventory does not accept what it was sent, and may accept the record once it is completed or corrected. */
const ofRecord = [400, 422];

function judgeStatus(status: number, retry: Retry): Answer {
  const failure = classify(status);
  if (failure === 'conflict') return { kind: 'conflict', otherwise: retry };
  if (failure !== 'refused') return retry;
  const { reason } = retry;
  const rejected: Outcome = { kind: 'rejected', reason, status, ...(ofRecord.includes(status) && { ofRecord: true }) };
  // the key exists with another name: the ledger was lost, and the customer renamed since
  return status === 422 ? { kind: 'conflict', otherwise: rejected } : rejected;
}

export function toRetry(error: AxiosError): Retry {
  const status = error.response?.status;
  const afterMs = retryAfterMs(error);
  return {
    kind: 'retry',
    reason: reasonOf(error),
    inDoubt: isInDoubt(error),
    whose: classify(status) === 'conflict' ? 'customer' : 'inventory',
    ...(status !== undefined && { status }),
    ...(afterMs !== undefined && { afterMs }),
  };
}

/** A longer Retry-After is left to the retry schedule. */
const quickWaitMaxMs = 10_000;

export function isQuicklyRetried(error: AxiosError): boolean {
  if ((retryAfterMs(error) ?? 0) > quickWaitMaxMs) return false;
  return ['unanswered', 'unusable', 'misdirected', 'busy'].includes(classify(error.response?.status));
}

/**
 * Whether the post may have created a package: without an answer, and after any answer but a definite rejection. A
 * gateway may answer for an Inventory that has done its work, and an Inventory may fail after doing it.
 */
export function isInDoubt(error: AxiosError): boolean {
  const status = error.response?.status;
  if (status === undefined) return !neverArrived(error);
  // an Inventory that says when to come back has done nothing
  return isDoubtful(status) && retryAfterMs(error) === undefined;
}

/** Some systems answer a post that has taken effect with 302 or 303, so only the other redirects are definite. */
function isDoubtful(status: number): boolean {
  return (status < 400 && ![301, 307, 308].includes(status)) || status === 408 || status >= 500;
}

export function reasonOf(error: AxiosError): string {
  const status = error.response?.status;
  const isWithoutId = status !== undefined && isSuccess(status) && !isBrokenOff(error) && !isFromProxy(error.response);
  return isWithoutId ? withoutId(status) : describe('Inventory', error, settings);
}

function withoutId(status: number): string {
  return `Inventory answered ${status} without a package id`;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** The id of a created package, which may be in an envelope. */
function createdIdOf(answer: unknown): PackageId | undefined {
  const { data, package: inner } = (answer ?? {}) as { data?: unknown; package?: unknown };
  return packageIdOf(answer) ?? packageIdOf(inner) ?? packageIdOf(data);
}

const packageIdMax = 200;

/** Keeps a positive integer as it is; turns any other usable id into text. */
export function packageIdOf(data: unknown): PackageId | undefined {
  const { id, success } = (data ?? {}) as { id?: unknown; success?: unknown };
  // a failure that is answered with 2xx may have an id of its own
  if (success === false) return undefined;
  if (Number.isSafeInteger(id) && (id as number) > 0) return id as number;
  if (typeof id !== 'string' && typeof id !== 'number') return undefined;
  return storable(String(id), packageIdMax) || undefined;
}

const nameMax = 1000;

/** The name and the time that a package shows, in either shape; nothing if it shows no name. */
export function whatItBears(data: unknown): { bears?: Bears } {
  const given = (data ?? {}) as Record<string, unknown>;
  const name = given['customerName'] ?? given['customer_name'];
  if (typeof name !== 'string' || name.trim() === '') return {};
  const time = new Date(String(given['createdAt'] ?? given['created_at']));
  const createdAt = Number.isNaN(time.getTime()) ? undefined : time.toISOString();
  return { bears: { name: storable(name, nameMax), createdAt } };
}
