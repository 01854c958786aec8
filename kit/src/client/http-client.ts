import { randomUUID } from 'node:crypto';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { AxiosError, type AxiosInstance, type AxiosResponse } from 'axios';
import axiosRetry, { retryAfter } from 'axios-retry';
import type { ProxySettings } from '../process/proxy-settings.ts';
import { isTooDeep, parseJson } from '../text/parse-json.ts';
import { wayTo } from './proxies.ts';
import { isFromProxy } from './proxy-answers.ts';

declare module 'axios' {
  interface AxiosRequestConfig {
    /** The host of the proxy that the call goes through. */
    proxyHost?: string;
  }
}

type ClientOptions = {
  baseUrl: string;
  /** For one HTTP call, from the first byte sent to the last byte read. */
  timeoutMs: number;
  connectionsMax: number;
  /** A larger answer counts as a failure; 4 MiB by default. */
  answerBytesMax?: number;
  token?: () => Promise<string>;
  /** Without them, every call goes directly to its address. */
  proxies?: ProxySettings | undefined;
  /** Whether a 2xx answer is usable; if not, it counts as a failure. */
  isUsable?: (response: AxiosResponse) => boolean;
  onCall?: OnCall;
};

/** Is told of each call as it begins, quick retries included. Gives a function to be told of its end, if it wants to know. */
export type OnCall = (method: string | undefined) => undefined | ((status?: number, error?: AxiosError) => void);

/** Large enough for the answer to a group of packages, small enough to hold one per connection in memory. */
const usualAnswerBytesMax = 4 * 1024 * 1024;

/** An HTTP client for another service. It retries only requests that ask for it. */
export function createHttpClient({
  baseUrl,
  timeoutMs,
  connectionsMax,
  answerBytesMax = usualAnswerBytesMax,
  token,
  proxies,
  isUsable,
  onCall,
}: ClientOptions): AxiosInstance {
  const { agent, proxyHost } = wayTo(baseUrl, proxies);
  const agentOptions = { keepAlive: true, maxSockets: connectionsMax, ...agent };
  const client = axios.create({
    baseURL: baseUrl,
    timeout: timeoutMs,
    // axios would turn a POST into a GET
    maxRedirects: 0,
    maxContentLength: answerBytesMax,
    httpAgent: new HttpAgent(agentOptions),
    httpsAgent: new HttpsAgent(agentOptions),
    // otherwise axios reads the proxy variables by itself, for loopback addresses too
    ...(proxyHost === undefined ? { proxy: false } : { proxyHost }),
    transformResponse: readAnswer,
  });
  client.interceptors.request.use(async (config) => {
    if (token) {
      config.headers.set('Authorization', `Bearer ${await token()}`);
      // lets the other side say by how much the clocks differ
      config.headers.set('Date', new Date().toUTCString());
    }
    if (!config.headers.has('X-Request-Id')) config.headers.set('X-Request-Id', randomUUID());
    // `timeout` measures only silence, so a slow trickle of bytes would never end
    // a call's own signal covers only its first try, so such calls do not ask for retries
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
  if (onCall) watchCalls(client, onCall);
  axiosRetry(client, {
    retries: 0,
    shouldResetTimeout: true,
    onRetry: (_count, _error, config) => {
      // each try gets its own time limit
      delete config.signal;
    },
  });
  return client;
}

/** An answer that is not JSON, or too deep, stays text. */
function readAnswer(body: unknown): unknown {
  if (typeof body !== 'string' || isTooDeep(body)) return body;
  try {
    return parseJson(body);
  } catch {
    return body;
  }
}

/** Comes before the retries: each try goes through it by itself. */
function watchCalls(client: AxiosInstance, onCall: OnCall): void {
  const ends = new WeakMap<object, NonNullable<ReturnType<OnCall>>>();
  client.interceptors.request.use((config) => {
    const end = onCall(config.method);
    if (end) ends.set(config, end);
    return config;
  });
  client.interceptors.response.use(
    (response) => {
      ends.get(response.config)?.(response.status);
      return response;
    },
    (error) => {
      if (error?.config) ends.get(error.config)?.(error.response?.status, error);
      throw error;
    },
  );
}

/** @throws `error` itself if it is not a failed call: that is a bug. */
export function asAxiosError(error: unknown): AxiosError {
  if (axios.isAxiosError(error)) return error;
  throw error;
}

/** Whether the same request can be sent again after this status. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** Whether the other service has no such route. A gateway sends the same statuses if the service behind it is down. */
export function isRouteAbsent({ response }: AxiosError): boolean {
  return [404, 405, 501].includes(response?.status ?? 0) && !isFromProxy(response);
}

/** One retry is enough for a read, because the next poll repeats it. */
export const blipRetry = {
  retries: 1,
  retryDelay: () => 200,
  retryCondition: (error: AxiosError) => {
    return !error.response || isBrokenOff(error) || isRetryableStatus(error.response.status);
  },
};

/** Whether the request certainly never arrived: no connection was established, or no TLS session on it. */
export function neverArrived(error: AxiosError): boolean {
  const { response, code = '', message } = error;
  return !response && (unconnected.test(code) || untrusted.test(code) || withoutTls.test(message));
}

const unconnected = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_PROXY_TUNNEL)$/;
/** The certificate was refused before anything was sent. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const untrusted =
  /^(ERR_TLS_CERT_\w+|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE))$/;
/** The other side speaks no TLS at all; any other TLS error may come after the request. */
const withoutTls = /wrong version number/;

/** The wait of the Retry-After header (seconds or a date) in milliseconds; undefined without the header. */
export function retryAfterMs(error: AxiosError): number | undefined {
  return retryAfter(error) || undefined;
}

/** Whether the answer exceeded the size limit. axios has no error code for this. */
export function isTooLarge(error: AxiosError): boolean {
  return /^maxContentLength/.test(error.message);
}

export function isBrokenOff({ response }: AxiosError): boolean {
  return response !== undefined && response.data === undefined;
}

/** Text that any database can store: PostgreSQL rejects NUL, and one rejected row would block its whole page. */
export function storable(text: string, max: number): string {
  return text.slice(0, max).replaceAll('\0', '\uFFFD').toWellFormed();
}
