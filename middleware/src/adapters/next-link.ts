import type { AxiosResponse } from 'axios';
import axios from 'axios';

export type Fields = Record<string, unknown>;

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A sign of a next page; `url` is its address, unless it is on another host. */
export function nextLink(response: AxiosResponse, fields: Fields[]): { url: string | undefined } | undefined {
  const given = linkHeader(String(response.headers['link'] ?? '')) ?? linkIn(fields);
  return given === undefined ? undefined : { url: onSameHost(given, axios.getUri(response.config)) };
}

/** The target of `rel=next` (RFC 8288). */
function linkHeader(header: string): string | undefined {
  for (const [, target, parameters] of header.matchAll(/<([^>]*)>((?:\s*;[^,<]*)*)/g)) {
    if (/;\s*rel\s*=\s*"?([^";]*\s)?next(\s[^";]*)?"?\s*(;|$)/i.test(parameters as string)) return target;
  }
  return undefined;
}

const nextNames = [
  'next',
  'next_page_url',
  'nextPageUrl',
  'next_url',
  'nextLink',
  'next_page',
  'next_cursor',
  'nextCursor',
];

function linkIn(fields: Fields[]): string | undefined {
  const [body] = fields;
  const links = [body?.['links'], body?.['_links']].filter(isObject);
  for (const place of [...fields, ...links]) {
    for (const name of nextNames) {
      const given = isObject(place[name]) ? place[name]['href'] : place[name];
      if (typeof given === 'string' && given !== '') return given;
      if (typeof given === 'number') return '';
    }
  }
  return undefined;
}

function onSameHost(given: string, asked: string): string | undefined {
  if (!/^(https?:\/\/|\/|\?)/i.test(given) || !URL.canParse(given, asked)) return undefined;
  const next = new URL(given, asked);
  const here = new URL(asked);
  if (next.hostname !== here.hostname || next.username !== '') return undefined;
  // a CRM behind a proxy that ends TLS may give links with http, but the token stays encrypted
  return next.port === here.port || next.protocol !== here.protocol
    ? `${here.origin}${next.pathname}${next.search}`
    : undefined;
}
