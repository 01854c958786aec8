import { STATUS_CODES } from 'node:http';
import { printable } from '../text/printable.ts';

const wordsMax = 200;
/** Shorter secrets would also match ordinary words. */
const secretMin = 4;

type Answer = { status: number; data: unknown };

/**
 * What an error answer says, in the other side's own words: printable, in one line, at most 200 characters, without the
 * secrets. Undefined if it says nothing but its status, or is a page for a browser.
 */
export function wordsOf({ status, data }: Answer, secrets: string[] = []): string | undefined {
  const isMoreThanStatus = (words: string) =>
    words !== '' && words.toLowerCase() !== (STATUS_CODES[status] ?? '').toLowerCase();
  const words = typeof data === 'string' ? plainText(data) : sentence(data, isMoreThanStatus);
  if (words === undefined || !isMoreThanStatus(words)) return undefined;
  const shown = printable(without(secrets, words));
  return shown.length <= wordsMax ? shown : `${shown.slice(0, wordsMax - 1).toWellFormed()}…`;
}

export function isHtml(data: unknown): boolean {
  return typeof data === 'string' && /^\s*(<!doctype|<\?xml|<html|<head|<body|<[a-z][^>]*>[\s\S]*<\/)/i.test(data);
}

function plainText(text: string): string | undefined {
  return isHtml(text) ? undefined : oneLine(text.split(/\r?\n\s*\r?\n/, 1)[0] ?? '');
}

/** RFC 9457, NestJS, OAuth, Spring, JSON:API, FastAPI and others; where two of them are there, the first says more. */
const members = ['detail', 'message', 'error_description', 'msg', 'error', 'title'];

/** Deeper ones say nothing, and a hostile one would exhaust the stack. */
const depthMax = 5;

function sentence(value: unknown, isSaid: (words: string) => boolean, depth = 0): string | undefined {
  if (typeof value === 'string') return oneLine(value);
  if (depth >= depthMax || typeof value !== 'object' || value === null) return undefined;
  const inner = (entry: unknown) => sentence(entry, isSaid, depth + 1);
  if (Array.isArray(value)) return joined(value.map(inner));
  const given = value as Record<string, unknown>;
  const said = members.map((member) => inner(given[member])).find((words) => words && isSaid(words));
  const faults = faultsIn(given['errors'], inner).filter((fault) => !said?.includes(fault.message));
  const listed = joined(faults.map(({ field, message }) => (field ? `${field}: ${message}` : message)));
  if (said === undefined) return listed;
  const field = typeof given['field'] === 'string' ? `${given['field']}: ` : '';
  return `${field}${said}${listed ? ` (${listed})` : ''}`;
}

/** `[{field, message}]`, `["…"]`, or an object of fields with a sentence or a list of sentences each. */
function faultsIn(
  errors: unknown,
  inner: (entry: unknown) => string | undefined,
): { field?: string; message: string }[] {
  const entries = Array.isArray(errors)
    ? errors.map((entry) => [(entry as { field?: unknown } | null)?.field, withoutField(entry)])
    : Object.entries(typeof errors === 'object' && errors !== null ? errors : {});
  return entries.flatMap(([field, entry]) => {
    const message = inner(entry);
    if (!message) return [];
    return [{ ...(typeof field === 'string' && { field }), message }];
  });
}

function withoutField(entry: unknown): unknown {
  return typeof entry === 'object' && entry !== null ? { ...entry, field: undefined } : entry;
}

function joined(sentences: (string | undefined)[]): string | undefined {
  return sentences.filter(Boolean).join('; ') || undefined;
}

function oneLine(text: string): string {
  return text
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/[.;,]$/, '');
}

function without(secrets: string[], words: string): string {
  return secrets
    .filter((secret) => secret.length >= secretMin)
    .reduce((shown, secret) => shown.replaceAll(secret, '…'), words);
}
