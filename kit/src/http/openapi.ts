import { STATUS_CODES } from 'node:http';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { isOpenToAnyone } from './allowed-hosts.ts';
import { needsToken, type ResponseDoc, type Route } from './route.ts';
import { problem } from './schemas.ts';

export type ApiInfo = {
  title: string;
  description: string;
  version: string;
  /** What the routes of each tag are about. */
  tags: Record<string, string>;
};

const standardTags: Record<string, string> = { operations: 'Health, readiness, metrics and this documentation' };

type Served = { requireAuth: boolean; checksHosts: boolean; publicUrl: string | undefined };

/** The OpenAPI 3.1 document of exactly the routes in the table, as this process serves them: where, and with or without REQUIRE_AUTH. */
export function openApiDocument<C>({ tags, ...info }: ApiInfo, routes: Route<C>[], served: Served): object {
  const { requireAuth, publicUrl = '/' } = served;
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route, served) };
  }
  const document = createDocument({
    openapi: '3.1.0',
    info: { ...info, contact: { name: 'Doorstep' }, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: publicUrl, description: 'This service' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => {
      const description = { ...standardTags, ...tags }[name];
      return { name, ...(description && { description }) };
    }),
    paths,
    // with no route to use it for, the docs page offers no login
    ...(routes.some(({ access }) => needsToken(access, requireAuth)) && {
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    }),
  });
  for (const schema of Object.values(document.components?.schemas ?? {})) describeDefaults(schema as Properties);
  return document;
}

type Properties = { properties?: Record<string, { default?: unknown; description?: string }> };

/** Client generators take a field with a default for one that is always there, which callers would have to send too. */
function describeDefaults({ properties = {} }: Properties): void {
  for (const property of Object.values(properties)) {
    if (property.default === undefined) continue;
    const sentences = [property.description, `Default: ${JSON.stringify(property.default)}`];
    property.description = sentences.filter(Boolean).join('. ');
    delete property.default;
  }
}

function operation<C>(route: Route<C>, { requireAuth, checksHosts }: Served): ZodOpenApiOperationObject {
  const { access, body } = route;
  const asksForToken = needsToken(access, requireAuth);
  const responses: ZodOpenApiOperationObject['responses'] = {};
  for (const [status, doc] of Object.entries(route.responses))
    responses[status as '200'] = response(Number(status), doc);
  for (const [status, description] of Object.entries(commonProblems(route, { asksForToken, checksHosts }))) {
    responses[status as '400'] ??= response(Number(status), { description });
  }
  return {
    operationId: operationId(route),
    summary: route.summary,
    description: whoMay(access),
    tags: [route.tag],
    security: asksForToken ? [{ token: [] }] : [],
    requestParams: {
      ...(route.params && { path: route.params }),
      ...(route.query && { query: route.query }),
      ...(route.headers && { header: route.headers }),
    },
    ...(body && {
      requestBody: {
        required: !route.bodyIsOptional,
        content: {
          'application/json': {
            schema: body,
            ...(route.bodyExample !== undefined && { example: route.bodyExample }),
          },
        },
      },
    }),
    responses,
  };
}

function whoMay(access: Route<never>['access']): string {
  if (access === 'public') return 'Needs no token.';
  const { roles, owner, open } = access;
  const list = [...roles, ...(owner ? [`the ${owner.role} of that \`${owner.param}\``] : [])].join(', ');
  return open ? `Needs a token only with \`REQUIRE_AUTH=true\`, then of: ${list}.` : `Needs a token of: ${list}.`;
}

type Checked = { asksForToken: boolean; checksHosts: boolean };

function commonProblems<C>(route: Route<C>, { asksForToken, checksHosts }: Checked): Record<string, string> {
  const { access, path, body, limits } = route;
  return {
    ...(checksHosts && !isOpenToAnyone(path) && { 403: 'The host name or the origin is not allowed' }),
    400: 'Something in the request is wrong, or it has a query parameter that this route does not take',
    ...(asksForToken && { 401: 'No valid token', 403: 'A token that may not do that' }),
    ...(body && { 413: 'The body is too large', 415: 'The body is not JSON' }),
    ...(limits && { 429: 'Too many tries; `Retry-After` says when to come back' }),
    500: 'A fault of this service',
    ...(access !== 'public' && { 503: 'The storage is not available' }),
  };
}

function response(status: number, { description, body, contentType = 'application/json', headers }: ResponseDoc) {
  if (status >= 400 && !body) {
    return {
      description,
      content: { 'application/problem+json': { schema: problem, example: exampleOf(status, description) } },
    };
  }
  return {
    description,
    ...(headers && { headers }),
    ...(body && {
      content: { [contentType]: { schema: body } },
    }),
  };
}

function exampleOf(status: number, detail: string) {
  return { type: 'about:blank', title: STATUS_CODES[status], status, detail, error: detail };
}

function operationId({ method, path }: { method: string; path: string }): string {
  const words = path.split(/[/{}_-]+/).filter(Boolean);
  return method + words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('');
}
