import { setTimeout as sleep } from 'node:timers/promises';
import { recordCrmCall, recordInventoryCall } from '@doorstep/middleware/src/adapters/call-recorder.ts';
import { isUsable } from '@doorstep/middleware/src/adapters/inventory-answers.ts';
import { AxiosError, AxiosHeaders, type AxiosInstance, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import type { IAxiosRetryConfig } from 'axios-retry';
import { fateOf, groupUrl, nameOf, outOfOrder } from './fates.ts';
import type { Fate, Plan, ServiceName } from './plan.ts';
import { drawn } from './random.ts';
import type { Reply, Request } from './services.ts';
import type { VirtualTime } from './virtual-time.ts';

export type Call = { service: ServiceName; nth: number; request: Request; fate: Fate | undefined };

export type Network = {
  /** The axios instance for the adapters of one daemon life; its calls go through the simulated network. */
  connect(service: ServiceName, life: Life): AxiosInstance;
  /** From now on every call arrives and is answered. */
  heal(): void;
};

type Means = {
  plan: Plan;
  time: VirtualTime;
  /** Runs a request at the service. */
  handle(call: Call): Reply;
  onSent(call: Call): void;
  /** `reply` is undefined if no answer arrives. */
  onAnswered(call: Call, reply: Reply | undefined): void;
  onFate(kind: string): void;
};

/** The daemon from one start to its end. */
export type Life = {
  /** Called before each action; never resolves if the daemon is killed there. */
  step(): Promise<void>;
  isAlive(): boolean;
};

type Line = { service: ServiceName; life: Life };

export const timeoutMs = 10_000;
const usualMs = 20;

const recorders = { crm: recordCrmCall, inventory: recordInventoryCall };

export function createNetwork({ plan, time, handle, onSent, onAnswered, onFate }: Means): Network {
  const calls = { crm: 0, inventory: 0 };
  let groups = 0;
  let healed = false;

  async function exchange(call: Call, { isAlive }: Life): Promise<Reply | AxiosError> {
    const { fate, service, nth, request } = call;
    const pathMs = 1 + Math.floor(drawn(plan.seed, service.length, nth) * usualMs);
    /** A request in flight arrives even if its sender dies. */
    const arrive = (ms: number) =>
      new Promise<Reply>((resolve) => time.after(ms, 'world', () => resolve(handle(call))));
    /** No answer reaches a dead daemon. */
    const back = async <Answer>(ms: number, answer: Answer): Promise<Answer> => {
      if (!isAlive()) return new Promise(() => undefined);
      await time.wait(ms, 'daemon');
      return answer;
    };
    const failed = (code: string, ms: number) => back(ms, new AxiosError(code, code));
    switch (fate?.kind) {
      case 'refused':
        return failed('ECONNREFUSED', pathMs);
      case 'lost before':
        return failed('ECONNRESET', pathMs);
      case 'no answer':
        return failed('ECONNABORTED', timeoutMs);
      case 'lost after':
        void arrive(pathMs);
        return failed('ECONNRESET', 2 * pathMs);
      case 'no answer, done':
        void arrive(pathMs);
        return failed('ECONNABORTED', timeoutMs);
      case 'done late':
        void arrive(timeoutMs + fate.byMs);
        return failed('ECONNABORTED', timeoutMs);
      case 'twice':
        void arrive(pathMs + fate.afterMs);
        break;
      case 'status':
        if (!fate.done) return back(2 * pathMs, outOfOrder(fate));
    }
    const reply = await arrive(pathMs);
    switch (fate?.kind) {
      case 'slow':
        return back(pathMs + fate.byMs, reply);
      case 'torn':
        return fate.status ? back(pathMs, outOfOrder({ status: fate.status })) : failed('ECONNRESET', pathMs);
      case 'status':
        return back(pathMs, outOfOrder(fate));
      case 'no id':
        return back(pathMs, request.method === 'post' ? { ...reply, data: {} } : reply);
      default:
        return back(pathMs, reply);
    }
  }

  async function send({ service, life }: Line, request: Request, config: AxiosRequestConfig): Promise<AxiosResponse> {
    await life.step();
    // concurrent work may have killed the daemon meanwhile
    if (!life.isAlive()) return new Promise(() => undefined);
    const nths = count(service, request);
    const fate = healed ? undefined : fateOf(plan, { service, request, nowMs: time.nowMs(), ...nths });
    const call = { service, nth: nths.nth, request, fate };
    if (fate) onFate(nameOf(fate, request));
    onSent(call);
    const ended = recorders[service](request.method);
    const given = await exchange(call, life);
    const { method, url } = request;
    const headers = new AxiosHeaders(config.headers as Record<string, string> | undefined);
    const ownConfig = { ...config, method, url, headers } as never;
    if (given instanceof AxiosError) {
      onAnswered(call, undefined);
      given.config = ownConfig;
      ended?.(undefined, given);
      throw given;
    }
    onAnswered(call, given);
    const response = { ...given, statusText: '', config: ownConfig } as AxiosResponse;
    const isGood = given.status < 300 && (service === 'crm' || isUsable(response));
    const error = isGood
      ? undefined
      : new AxiosError('no good answer', AxiosError.ERR_BAD_RESPONSE, ownConfig, undefined, response);
    ended?.(given.status, error);
    if (error) throw error;
    return response;
  }

  function count(service: ServiceName, { url }: Request) {
    calls[service] += 1;
    if (url === groupUrl) groups += 1;
    return { nth: calls[service], nthGroup: url === groupUrl ? groups : 0 };
  }

  return {
    connect(service, life) {
      const call =
        (method: Request['method']) =>
        (url: string, data: unknown, config: AxiosRequestConfig = {}) => {
          const key = (config.headers as Record<string, string> | undefined)?.['Idempotency-Key'];
          const request = { method, url, params: config.params ?? {}, data, idempotencyKey: key };
          return retrying(config, () => send({ service, life }, request, config));
        };
      const get = call('get');
      return {
        get: (url: string, config?: AxiosRequestConfig) => get(url, undefined, config),
        post: call('post'),
        put: call('put'),
      } as AxiosInstance;
    },
    heal() {
      healed = true;
    },
  };
}

/** Mimics axios-retry, which counts a retry after it asks for the condition and before it asks for the delay. */
async function retrying(config: AxiosRequestConfig, send: () => Promise<AxiosResponse>): Promise<AxiosResponse> {
  const asked = config['axios-retry'] as IAxiosRetryConfig | undefined;
  if (!asked) return send();
  const state = { ...asked, retryCount: 0 };
  for (;;) {
    try {
      return await send();
    } catch (thrown) {
      const error = thrown as AxiosError;
      if (error.config) error.config['axios-retry'] = state;
      const goesOn = state.retryCount < (asked.retries ?? 0) && (await asked.retryCondition?.(error));
      if (!goesOn) throw error;
      state.retryCount += 1;
      const delayMs = asked.retryDelay?.(state.retryCount, error) ?? 0;
      if (delayMs > 0) await sleep(delayMs);
    }
  }
}
