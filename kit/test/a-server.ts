import { Writable } from 'node:stream';
import winston from 'winston';
import { z } from 'zod';
import { type Claims, createTokens } from '../src/auth/tokens.ts';
import { AppError } from '../src/errors.ts';
import { feedHeaders, feedQuery, feedReply } from '../src/http/feed.ts';
import { defineRoute, type Route } from '../src/http/route.ts';
import { emailAddress, idParam, line } from '../src/http/schemas.ts';
import { serve } from '../src/http/serve.ts';
import { readCommonConfig } from '../src/process/config.ts';
import { createLogger } from '../src/process/logger.ts';
import { createRegistry } from '../src/process/metrics.ts';

type LogLine = { level: string; message: string } & Record<string, unknown>;

export type TestServer = AsyncDisposable & {
  url: string;
  /** Its log so far, one object per event. */
  log: LogLine[];
  /** The Authorization header of a caller with this role. */
  as(role: string, expiresSeconds?: number): Promise<Record<string, string>>;
  close(): Promise<void>;
};

type Overrides = {
  routes?: Route<unknown>[];
  checks?: Record<string, () => Promise<void>>;
  environment?: Record<string, string>;
  corsOrigins?: string[];
  alwaysChecksHosts?: boolean;
  context?: unknown;
  actingAs?: (caller: Claims) => unknown;
};

/** A service with this route table, listening on a free port. */
export async function aServer({
  routes = [],
  checks = {},
  environment,
  corsOrigins,
  alwaysChecksHosts = false,
  context,
  actingAs,
}: Overrides = {}): Promise<TestServer> {
  const log: LogLine[] = [];
  const logger = createLogger('things', { level: 'debug', format: 'json' });
  const stream = new Writable({
    write(line, _encoding, done) {
      log.push(JSON.parse(line));
      done();
    },
  });
  logger.clear().add(new winston.transports.Stream({ stream }));
  const tokens = createTokens('a key of no less than 32 bytes here');
  const { url, close } = await serve({
    service: 'things-service',
    info: { title: 'Things', description: 'Things to test with', version: '1.2.3', tags: { things: 'All of them' } },
    config: { ...readCommonConfig('things', 0, { ...environment }), ...(corsOrigins && { corsOrigins }) },
    alwaysChecksHosts,
    context,
    ...(actingAs && { actingAs }),
    routes,
    checks,
    logger,
    registry: createRegistry(),
    tokens,
  });
  return {
    url,
    log,
    as: async (role, expiresSeconds = 86_400) => ({
      Authorization: `Bearer ${await tokens.sign({ subject: '7', role }, expiresSeconds)}`,
    }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

export const route = defineRoute<unknown>();

const ok = { 200: { description: 'OK' } };
/** The defaults of a test route. */
export const anyone = {
  tag: 'things',
  summary: 'A thing',
  access: { roles: ['admin'], open: true },
  responses: ok,
} as const;

/** A typical resource: things with the ids 1 to 3, to list, read, create and delete. */
export const thingRoutes = [
  route({
    ...anyone,
    method: 'post',
    path: '/things',
    body: z.object({ email: emailAddress, name: line({ max: 5 }).optional(), count: z.int().optional() }),
    handler: async (_context, { body }) => ({ status: 201, body, headers: { Location: '/things/4' } }),
  }),
  route({
    ...anyone,
    method: 'get',
    path: '/things',
    query: z.object({ ...feedQuery, color: line({ max: 20 }).optional(), owner_id: idParam.optional() }),
    responses: { 200: { description: 'OK', body: z.array(z.object({ id: z.int() })), headers: feedHeaders } },
    handler: async (_context, { query }) => {
      const rows = [1, 2, 3].filter((id) => id > query.after).map((id) => ({ id }));
      return feedReply({ path: '/things', query, rows: rows.slice(0, query.limit + 1), idOf: (row) => row.id });
    },
  }),
  route({
    ...anyone,
    method: 'get',
    path: '/things/{id}',
    params: z.object({ id: idParam }),
    handler: async (_context, { params: { id } }) => {
      if (id > 3) throw new AppError('not_found', `Thing not found: ${id}`);
      return { status: 200, body: { id } };
    },
  }),
  route({
    ...anyone,
    method: 'delete',
    path: '/things/{id}',
    params: z.object({ id: idParam }),
    handler: async () => ({ status: 204 }),
  }),
];
