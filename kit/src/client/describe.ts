import type { AxiosError } from 'axios';
import { claimedRole, serviceRole } from '../auth/tokens.ts';
import { wordsOf } from './answer-words.ts';
import { isBrokenOff, isTooLarge, storable } from './http-client.ts';
import { describeProxy } from './proxy-answers.ts';

/** The names of the settings to correct. */
type Settings = { token?: string; url: string };

/** Why a call failed, in one actionable sentence. */
export function describe(name: string, error: AxiosError, settings: Settings): string {
  const { response } = error;
  if (isTooLarge(error)) return `${name} sent an answer that is too large`;
  if (isBrokenOff(error)) return `${name} closed the connection before the end of its answer`;
  const proxy = describeProxy(name, error);
  if (proxy !== undefined) return proxy;
  if (!response) {
    const timedOut = error.code === 'ECONNABORTED' || error.code === 'ERR_CANCELED' || error.code === 'ETIMEDOUT';
    return timedOut ? `${name} did not answer in time` : `${name} cannot be reached (${error.code ?? error.message})`;
  }
  return describeAnswer(name, { ...response, sentToken: sentTokenOf(error) }, settings);
}

function sentTokenOf({ config }: AxiosError): string | undefined {
  return /^Bearer (.+)$/.exec(String(config?.headers?.get('Authorization') ?? ''))?.[1];
}

type Refusal = { status: number; data: unknown; sentToken?: string | undefined };

const reasonMax = 300;

/** As `describe`, for an answer with an error status: what the other side says, then which setting may be wrong. */
export function describeAnswer(name: string, refusal: Refusal, settings: Settings): string {
  const { status, sentToken } = refusal;
  const words = wordsOf(refusal, sentToken === undefined ? [] : [sentToken]);
  const said = words === undefined ? '' : `: ${words}`;
  return storable(`${name} answered ${status}${said}${hintOf(refusal, settings)}`, reasonMax);
}

function hintOf({ status, sentToken, data }: Refusal, { token, url }: Settings): string {
  // the other side says itself what to set
  if (['clock_difference_seconds', 'refused_host'].some((member) => Object.hasOwn(Object(data), member))) return '';
  if (status === 401 || status === 403) {
    // the configured token is sent as it is
    if (token && sentToken !== undefined && claimedRole(sentToken) !== serviceRole) return `; check ${token}`;
    return `; set ${token ? `${token}, or ` : ''}the same JWT_SECRET_KEY on both sides`;
  }
  return status === 404 || status === 405 || (status >= 300 && status < 400) ? `; is ${url} right?` : '';
}
