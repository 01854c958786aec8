import { printable } from '@doorstep/kit/text/printable.ts';
import type { AxiosResponse } from 'axios';
import { type Fields, isObject, nextLink } from './next-link.ts';

export type List = {
  kind: 'list';
  entries: unknown[];
  /** How many entries there are in all, if the answer says so. */
  total: number | undefined;
  /** Whether the answer itself says that there are more. */
  saysMore: boolean;
  /** The address of the next page, if it is on the same host. */
  next: string | undefined;
  /** The number of this page, if the answer says so. */
  number: number | undefined;
};

/** `seen` describes the answer in at most 200 printable characters. */
export type NoList = { kind: 'no list'; seen: string };

const envelopes = ['data', 'items', 'results', 'customers', 'packages', 'records'];

/** A JSON array, or an object with exactly one array under a usual name. An answer that carries an error is no list. */
export function readList(response: AxiosResponse): List | NoList {
  const body: unknown = response.data;
  const entries = Array.isArray(body) ? body : entriesIn(body);
  if (!entries) return { kind: 'no list', seen: describeBody(body) };
  const fields = Array.isArray(body) ? [] : placesOf(body as Fields);
  const total = totalOf(response, fields, entries.length);
  const next = nextLink(response, fields);
  const number = integerIn(fields, ['page', 'current_page', 'currentPage', 'page_number']);
  const isLast = total !== undefined && total <= entries.length;
  const saysMore = next !== undefined || (total ?? 0) > entries.length || (!isLast && hasMore(fields, entries.length));
  return { kind: 'list', entries, total, saysMore, next: next?.url, number };
}

function entriesIn(body: unknown): unknown[] | undefined {
  if (!isObject(body) || isError(body)) return undefined;
  const [name, another] = envelopes.filter((candidate) => Array.isArray(body[candidate]));
  return name !== undefined && another === undefined ? (body[name] as unknown[]) : undefined;
}

function isError({ success, error, errors }: Fields): boolean {
  const isNothing = (value: unknown) => !value || (Array.isArray(value) && value.length === 0);
  return success === false || !isNothing(error) || !isNothing(errors);
}

/** Where an envelope keeps its numbers. */
function placesOf(body: Fields): Fields[] {
  return [body, body['meta'], body['pagination'], body['paging']].filter(isObject);
}

function totalOf({ headers }: AxiosResponse, fields: Fields[], length: number): number | undefined {
  const inBody = integerIn(fields, ['total', 'total_count', 'totalCount', 'total_items', 'totalItems', 'count']);
  const total = integerOf(headers['x-total-count']) ?? inBody;
  return total !== undefined && total >= length ? total : undefined;
}

function hasMore(fields: Fields[], length: number): boolean {
  const says = ['has_more', 'hasMore', 'has_next', 'hasNext'].some((name) =>
    fields.some((place) => place[name] === true),
  );
  const number = integerIn(fields, ['page', 'current_page', 'currentPage', 'page_number']);
  const pages = integerIn(fields, ['pages', 'total_pages', 'totalPages', 'last_page', 'page_count']);
  if (pages !== undefined) return says || pages > (number ?? 1);
  const size = integerIn(fields, ['size', 'page_size', 'pageSize', 'per_page', 'perPage', 'limit']);
  return says || (size !== undefined && size > 0 && length >= size);
}

function integerIn(fields: Fields[], names: string[]): number | undefined {
  for (const name of names) {
    for (const place of fields) {
      const number = integerOf(place[name]);
      if (number !== undefined) return number;
    }
  }
  return undefined;
}

function integerOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : undefined;
}

const seenMax = 200;

function describeBody(body: unknown): string {
  if (body === undefined || body === '') return 'an empty answer';
  const seen = isObject(body) ? `an object with the fields ${Object.keys(body).join(', ') || '(none)'}` : String(body);
  return printable(seen).slice(0, seenMax);
}
