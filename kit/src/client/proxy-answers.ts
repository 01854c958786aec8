import type { AxiosResponse } from 'axios';
import { isHtml } from './answer-words.ts';

/**
 * Whether a proxy or a gateway on the way gave this answer: its status is about the way, not about the request. A proxy
 * does not see the answers of an https address.
 */
export function isFromProxy(response: AxiosResponse | undefined): boolean {
  if (!response) return false;
  const { status, headers, data, config } = response;
  if (status === 407) return true;
  if (config.baseURL?.startsWith('https:')) return false;
  const names = Object.keys(headers);
  const isMarked = names.some((name) => /^(proxy-(?!connection)|x-squid-)/i.test(name));
  const isPage = isHtml(data);
  if (config.proxyHost !== undefined) return isMarked || isPage || (names.includes('via') && isSilent(response));
  return isPage && (isMarked || names.includes('via'));
}

/** An answer without JSON; other services answer with JSON, errors too. */
function isSilent({ status, data }: AxiosResponse): boolean {
  return status >= 400 && (typeof data !== 'object' || data === null);
}

/** What a proxy answered, or how it failed; undefined if the other side itself answered, or there is no proxy. */
export function describeProxy(name: string, { code, config, response, cause }: Failure): string | undefined {
  const host = config?.proxyHost;
  const variable = config?.baseURL?.startsWith('https:') ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const status = code === 'ERR_PROXY_TUNNEL' ? (cause as { statusCode?: number }).statusCode : response?.status;
  if (code === 'ERR_PROXY_TUNNEL' || isFromProxy(response)) {
    const who = host === undefined ? 'a proxy on the way' : `the proxy ${host}`;
    return `${name} cannot be reached: ${who} answered ${status}${host === undefined ? '' : hintOf(status, variable)}`;
  }
  if (response || host === undefined || !isUnreachable(code)) return undefined;
  return `${name} cannot be reached: the proxy ${host} does not answer (${code}); is ${variable} right?`;
}

type Failure = {
  code?: string | undefined;
  cause?: unknown;
  config?: { proxyHost?: string; baseURL?: string } | undefined;
  response?: AxiosResponse | undefined;
};

function hintOf(status: number | undefined, variable: string): string {
  if (status === 407) return `; check the user name and the password in ${variable}`;
  return '; an address that needs no proxy belongs in NO_PROXY';
}

function isUnreachable(code: string | undefined): boolean {
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/.test(code ?? '');
}
