import { z } from 'zod';
import type { Answer } from './call.ts';
import {
  type ApiDocument,
  type ApiRequest,
  type Operation,
  operationsOf,
  type ResponseObject,
  standalone,
} from './openapi-requests.ts';
import type { Schema } from './schema-values.ts';

/** Returns the deviations of an answer from the document. */
export type AnswerCheck = (request: ApiRequest, answer: Answer) => string[];

const checks = new WeakMap<ApiDocument, AnswerCheck>();

/** The check for a document. Creates the parser for each documented answer only once. */
export function answerCheck(document: ApiDocument): AnswerCheck {
  const check = checks.get(document) ?? makeCheck(document);
  checks.set(document, check);
  return check;
}

function makeCheck(document: ApiDocument): AnswerCheck {
  const operations = operationsOf(document);
  const parsers = new Map<Schema, z.ZodType>();
  const parserOf = (schema: Schema) => {
    const parser = parsers.get(schema) ?? z.fromJSONSchema(standalone(schema, document));
    parsers.set(schema, parser);
    return parser;
  };
  const check = (schema: Schema, value: unknown, what: string) => {
    const issues = parserOf(schema).safeParse(value).error?.issues ?? [];
    return issues.map(({ path, message }) => `${[what, ...path].join('.')}: ${message}`);
  };
  return ({ method, path }, answer) => {
    const there = operations.filter((operation) => isAt(operation.path, path));
    const operation = there.filter((candidate) => candidate.method === method).sort(byParameters)[0];
    if (!operation) return undocumented(answer, there);
    const documented = operation.responses[answer.status];
    if (!documented) return [`${answer.status} is not documented for ${method} ${operation.path}`];
    return [
      ...headerComplaints(answer, documented, check),
      ...bodyComplaints(answer, documented, check),
      ...problemComplaints(answer),
    ];
  };
}

type Check = (schema: Schema, value: unknown, what: string) => string[];

function headerComplaints({ headers }: Answer, documented: ResponseObject, check: Check): string[] {
  return Object.entries(documented.headers ?? {}).flatMap(([name, { required, schema }]) => {
    const value = headers.get(name);
    if (value === null) return required ? [`the header ${name} is missing`] : [];
    return check(schema, value, `header ${name}`);
  });
}

function bodyComplaints({ headers, body }: Answer, documented: ResponseObject, check: Check): string[] {
  const [content] = Object.entries(documented.content ?? {});
  if (!content) return body === '' ? [] : ['there is a body, but none is documented'];
  const [type, { schema }] = content;
  const actual = headers.get('Content-Type')?.split(';')[0];
  if (actual !== type) return [`the content type is ${actual}, not ${type}`];
  return check(schema, body, 'body');
}

const headersOfProblems: Record<number, string> = {
  401: 'WWW-Authenticate',
  405: 'Allow',
  429: 'Retry-After',
  503: 'Retry-After',
};

/** Checks the rules for all problem documents (RFC 9110, RFC 9457), whatever the document says. */
function problemComplaints({ status, body, headers }: Answer): string[] {
  if (!headers.get('Content-Type')?.startsWith('application/problem+json')) return [];
  const header = headersOfProblems[status];
  return [
    ...(body.status === status && body.error === body.detail ? [] : ['the problem has a different status or sentence']),
    ...(header && !headers.has(header) ? [`the header ${header} is missing`] : []),
  ];
}

/** Checks the answer to a request whose path or method is not in the document. */
function undocumented(answer: Answer, there: Operation[]): string[] {
  // a path that cannot be decoded is 400, not 404
  const expected = there.length > 0 ? [405] : [404, 400];
  if (!expected.includes(answer.status)) return [`${answer.status} for a request that the document does not list`];
  const allowed = (answer.headers.get('Allow') ?? '').split(', ');
  const untold = there.filter(({ method }) => !allowed.includes(method));
  return [...untold.map(({ method }) => `Allow does not name ${method}`), ...problemComplaints(answer)];
}

/** Whether a path matches a template. A trailing slash is ignored. */
function isAt(template: string, path: string): boolean {
  const segments = (text: string) => text.replace(/\?.*$/s, '').replace(/\/$/, '').split('/');
  const [wanted, actual] = [segments(template), segments(path)];
  if (wanted.length !== actual.length) return false;
  return wanted.every((segment, index) => (segment.startsWith('{') ? actual[index] !== '' : segment === actual[index]));
}

const byParameters = (a: Operation, b: Operation) => parametersIn(a.path) - parametersIn(b.path);
const parametersIn = (path: string) => path.split('{').length;
