import { setTimeout as sleep } from 'node:timers/promises';
import { AxiosError, type AxiosInstance, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import type { IAxiosRetryConfig } from 'axios-retry';
import { isUsable } from '../../src/adapters/inventory-answers.ts';
import type { Fate, Plan, ServiceName } from './plan.ts';
import { drawn } from './random.ts';
import type { Reply, Request } from './services.ts';
import type { VirtualTime } from './virtual-time.ts';

export type Call = { service: ServiceName; nth: number; request: Request; fate: Fate | undefined };

export type Network = {
  /** The axios that the core's adapters are given: calls go through the simulated network. `before` each, it may die. */
  connect(service: ServiceName, before: () => Promise<void>): AxiosInstance;
  /** From now on every call arrives and is answered. */
  heal(): void;
};

type Means = {
  plan: Plan;
  time: VirtualTime;
  /** What the service does with a request. */
  handle(call: Call): Reply;
  onSent(call: Call): void;
  /** Undefined: no answer came. */
  onAnswered(call: Call, reply: Reply | undefined): void;
  onFate(kind: string): void;
};

type Line = { service: ServiceName; before: () => Promise<void> };

const timeoutMs = 10_000;
const usualMs = 20;

export function createNetwork({ plan, time, handle, onSent, onAnswered, onFate }: Means): Network {
  const calls = { crm: 0, inventory: 0 };
  let healed = false;

  function fateOf(service: ServiceName, nth: number): Fate | undefined {
    if (healed) return undefined;
    const nowMs = time.nowMs();
    for (const [index, fault] of plan.faults.entries()) {
      if (!('service' in fault) || fault.service !== service) continue;
      if (fault.kind === 'call') {
        if (fault.nth === nth) return fault.fate;
        continue;
      }
      if (nowMs < fault.atMs || nowMs >= fault.atMs + fault.forMs) continue;
      if (fault.kind === 'outage') return fault.fate;
      if (drawn(plan.seed, index, nth) >= fault.share) continue;
      return fault.fates[Math.floor(drawn(plan.seed, index, nth, 1) * fault.fates.length)];
    }
    return undefined;
  }

  async function exchange(call: Call): Promise<Reply | AxiosError> {
    const { fate, service, nth } = call;
    const pathMs = 1 + Math.floor(drawn(plan.seed, service.length, nth) * usualMs);
    const failed = async (code: string, afterMs: number) => {
      await time.wait(afterMs, 'daemon');
      return new AxiosError(code, code);
    };
    /** What is on its way arrives, whatever becomes of who sent it. */
    const arrive = (ms: number) =>
      new Promise<Reply>((resolve) => time.after(ms, 'world', () => resolve(handle(call))));
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
        if (!fate.done) return answer(call, { status: fate.status }, 2 * pathMs);
    }
    const reply = await arrive(pathMs);
    const backMs = pathMs + (fate?.kind === 'slow' ? fate.byMs : 0);
    if (fate?.kind === 'torn') {
      return fate.status ? answer(call, { status: fate.status }, backMs) : failed('ECONNRESET', backMs);
    }
    if (fate?.kind === 'status') return answer(call, { status: fate.status }, backMs);
    return answer(
      call,
      fate?.kind === 'no id' && call.request.method === 'post' ? { ...reply, data: {} } : reply,
      backMs,
    );
  }

  async function answer(
    { fate }: Call,
    given: Pick<Reply, 'status'> & Partial<Reply>,
    afterMs: number,
  ): Promise<Reply> {
    await time.wait(afterMs, 'daemon');
    const retryAfterS = fate?.kind === 'status' ? fate.retryAfterS : undefined;
    return {
      data: { detail: 'out of order' },
      ...given,
      headers: { ...given.headers, ...(retryAfterS !== undefined && { 'retry-after': String(retryAfterS) }) },
    };
  }

  async function send({ service, before }: Line, request: Request, config: AxiosRequestConfig): Promise<AxiosResponse> {
    await before();
    calls[service] += 1;
    const nth = calls[service];
    const call = { service, nth, request, fate: fateOf(service, nth) };
    if (call.fate) onFate(call.fate.kind === 'status' ? `status ${call.fate.status}` : call.fate.kind);
    onSent(call);
    const given = await exchange(call);
    const { method, url } = request;
    const ownConfig = { ...config, method, url } as never;
    if (given instanceof AxiosError) {
      onAnswered(call, undefined);
      given.config = ownConfig;
      throw given;
    }
    onAnswered(call, given);
    const response = { ...given, statusText: '', config: ownConfig } as AxiosResponse;
    const isGood = given.status < 300 && (service === 'crm' || isUsable(response));
    if (isGood) return response;
    throw new AxiosError('no good answer', AxiosError.ERR_BAD_RESPONSE, ownConfig, undefined, response);
  }

  return {
    connect(service, before) {
      const call =
        (method: Request['method']) =>
        (url: string, data: unknown, config: AxiosRequestConfig = {}) => {
          const key = (config.headers as Record<string, string> | undefined)?.['Idempotency-Key'];
          const request = { method, url, params: config.params ?? {}, data, idempotencyKey: key };
          return retrying(config, () => send({ service, before }, request, config));
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

/** What axios-retry does: a retry is counted between asking for its condition and asking for its delay. */
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
