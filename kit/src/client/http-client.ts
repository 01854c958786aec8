import { randomUUID } from 'node:crypto';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { AxiosError, type AxiosInstance, type AxiosResponse } from 'axios';
import axiosRetry, { retryAfter } from 'axios-retry';

type ClientOptions = {
  baseUrl: string;
  /** One HTTP call, from the first byte sent to the last one read. */
  timeoutMs: number;
  /** Most connections at once. */
  connectionsMax: number;
  /** A larger answer counts as a failure; 4 MiB unless told otherwise. */
  answerBytesMax?: number;
  /** The bearer token to send; none unless there is one. */
  token?: () => Promise<string>;
  /** Tells a 2xx answer that can be used from one that counts as a failure. */
  isUsable?: (response: AxiosResponse) => boolean;
};

/** The answer to a group of packages fits, as often as there are connections. */
const usualAnswerBytesMax = 4 * 1024 * 1024;

/** An HTTP client to a neighbour. It retries nothing unless a request asks for it. */
export function createHttpClient({
  baseUrl,
  timeoutMs,
  connectionsMax,
  answerBytesMax = usualAnswerBytesMax,
  token,
  isUsable,
}: ClientOptions): AxiosInstance {
  const agentOptions = { keepAlive: true, maxSockets: connectionsMax };
  const client = axios.create({
    baseURL: baseUrl,
    timeout: timeoutMs,
    // followed, a redirected POST would become a GET
    maxRedirects: 0,
    maxContentLength: answerBytesMax,
    httpAgent: new HttpAgent(agentOptions),
    httpsAgent: new HttpsAgent(agentOptions),
  });
  client.interceptors.request.use(async (config) => {
    if (token) config.headers.set('Authorization', `Bearer ${await token()}`);
    if (!config.headers.has('X-Request-Id')) config.headers.set('X-Request-Id', randomUUID());
    // `timeout` alone watches for silence, and a trickle is not silent
    // a call's own signal ends its first try alone; who has one asks for no other
    const limit = AbortSignal.timeout(timeoutMs);
    config.signal = config.signal ? AbortSignal.any([config.signal as AbortSignal, limit]) : limit;
    return config;
  });
  if (isUsable) {
    client.interceptors.response.use((response) => {
      if (isUsable(response)) return response;
      throw new AxiosError('unusable answer', AxiosError.ERR_BAD_RESPONSE, response.config, response.request, response);
    });
  }
  axiosRetry(client, {
    retries: 0,
    shouldResetTimeout: true,
    onRetry: (_count, _error, config) => {
      // this try's signal; the next one gets its own
      delete config.signal;
    },
  });
  return client;
}

/** @throws what was thrown, where it was no failure of a call: that is a bug. */
export function asAxiosError(error: unknown): AxiosError {
  if (axios.isAxiosError(error)) return error;
  throw error;
}

/** Statuses after which the same request may simply be sent again. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** Whether the other side has no such route. A gateway answers the same for a service that is away. */
export function isRouteAbsent({ response }: AxiosError): boolean {
  return [404, 405, 501].includes(response?.status ?? 0);
}

/** A read comes again soon enough anyway, so a blip is given one more try and no more. */
export const blipRetry = {
  retries: 1,
  retryDelay: () => 200,
  retryCondition: (error: AxiosError) => {
    return !error.response || isBrokenOff(error) || isRetryableStatus(error.response.status);
  },
};

/** Whether the request cannot have arrived: no connection was made. */
export function neverArrived(error: AxiosError): boolean {
  return !error.response && /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/.test(error.code ?? '');
}

/** Whether a list goes on (RFC 8288). */
export function hasNextPage({ headers }: AxiosResponse): boolean {
  return /rel="?next"?/.test(String(headers['link'] ?? ''));
}

/** The milliseconds that a Retry-After header asks for, as seconds or as a date; undefined without one. */
export function retryAfterMs(error: AxiosError): number | undefined {
  return retryAfter(error) || undefined;
}

const reasonMax = 300;

/** What a wrong token or address is set by. */
type Settings = { token?: string; url: string };

/** Why a call failed, in one sentence that a person can act on. */
export function describe(name: string, error: AxiosError, settings: Settings): string {
  const { response } = error;
  if (isTooLarge(error)) return `${name} answered with more than can be taken`;
  if (isBrokenOff(error)) return `${name} broke off its answer`;
  if (!response) {
    const timedOut = error.code === 'ECONNABORTED' || error.code === 'ERR_CANCELED' || error.code === 'ETIMEDOUT';
    return timedOut ? `${name} gave no answer in time` : `${name} cannot be reached (${error.code ?? error.message})`;
  }
  return describeAnswer(name, response, settings);
}

/** The answer was larger than is taken. axios has no code of its own for it. */
export function isTooLarge(error: AxiosError): boolean {
  return /^maxContentLength/.test(error.message);
}

/** The head of an answer came, and not all of its body. */
export function isBrokenOff({ response }: AxiosError): boolean {
  return response !== undefined && response.data === undefined;
}

type Refusal = { status: number; data: unknown };

/** As `describe`, of an answer that came. */
export function describeAnswer(name: string, { status, data }: Refusal, settings: Settings): string {
  const answered = `${name} answered ${status}`;
  if (status === 401 || status === 403)
    return `${answered}; set ${settings.token ? `${settings.token}, or ` : ''}JWT_SECRET_KEY alike on both sides`;
  if (status === 404 || status === 405 || (status >= 300 && status < 400))
    return `${answered}; is ${settings.url} right?`;
  const said = (data as { detail?: unknown; error?: unknown } | undefined) ?? {};
  const detail = said.detail ?? said.error;
  return typeof detail === 'string' && detail ? storable(`${answered}: ${detail}`, reasonMax) : answered;
}

/** What any database can keep: PostgreSQL refuses NUL, and a row that it refuses would hold up its whole page. */
export function storable(text: string, max: number): string {
  return text.slice(0, max).replaceAll('\0', '\uFFFD').toWellFormed();
}
