import { isUtf8 } from 'node:buffer';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { type AugmentedRequest, ipKeyGenerator, type RateLimitInfo, rateLimit } from 'express-rate-limit';
import type { Claims, Tokens } from '../auth/tokens.ts';
import { AppError } from '../errors.ts';
import { sendProblem } from './problems.ts';
import { type Access, type Limits, needsToken, type Route } from './route.ts';

/** The checks before a route's handler: rate limits, token, body. */
export function guards<C>(route: Route<C>, options: { tokens: Tokens; requireAuth: boolean }): RequestHandler[] {
  const { access, limits } = route;
  return [
    ...(limits ? [limitAddress(limits)] : []),
    checkToken(access, options),
    ...readBody(route),
    // a slow body may take so long that the token expires or is revoked meanwhile
    ...(route.body ? [checkToken(access, options)] : []),
    ...(limits ? [limitAccount(limits)] : []),
  ];
}

const limiting = {
  windowMs: 60_000,
  legacyHeaders: false,
  standardHeaders: 'draft-8',
  validate: false, // it logs warnings to the console about headers that any client can send
} as const;

function limitAddress({ perAddressMax }: Limits): RequestHandler {
  const handler: RequestHandler = () => {
    throw new AppError('too_many_requests', `Only ${perAddressMax} tries a minute; try again later`);
  };
  return rateLimit({
    ...limiting,
    limit: perAddressMax,
    keyGenerator: ({ ip }) => ipKeyGenerator(ip ?? 'gone'),
    handler,
  });
}

/** Limits failed tries per account across all addresses. Unknown accounts are limited too. */
function limitAccount({ perAccountMax, accountOf }: Limits): RequestHandler {
  const handler: RequestHandler = (request) => {
    const { resetTime } = (request as unknown as AugmentedRequest)['rateLimit'] as RateLimitInfo;
    const waitMs = resetTime ? resetTime.getTime() - Date.now() : limiting.windowMs;
    throw new AppError('too_many_requests', 'Too many failed tries for this account; try again later', {
      retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    });
  };
  return rateLimit({
    ...limiting,
    standardHeaders: false, // limitAddress has set them
    limit: perAccountMax,
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_request, { statusCode }) => statusCode !== 401,
    skip: ({ body }) => accountOf(body) === undefined,
    keyGenerator: ({ body }) => accountOf(body) ?? '',
    handler,
  });
}

type Locals = { caller?: Claims };

export function callerOf(response: Response): Claims | undefined {
  return (response.locals as Locals).caller;
}

function checkToken(access: Access, { tokens, requireAuth }: { tokens: Tokens; requireAuth: boolean }): RequestHandler {
  return async (request, response, next) => {
    if (needsToken(access, requireAuth)) {
      const token = bearerToken(request);
      if (!token) throw new AppError('unauthorized', 'A bearer token is required');
      const caller = await tokens.verify(token, request.get('Date'));
      if (!isAllowed(caller, access, request.params))
        throw new AppError('forbidden', 'This token does not allow this request');
      (response.locals as Locals).caller = caller;
      response.set('Cache-Control', 'no-store');
    }
    next();
  };
}

function isAllowed({ role, subject }: Claims, access: Exclude<Access, 'public'>, params: Request['params']): boolean {
  const { roles, owner } = access;
  return roles.includes(role) || (owner?.role === role && params[owner.param] === subject);
}

export function bearerToken(request: Request): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.get('Authorization') ?? '')?.[1];
}

const usualBodyBytesMax = 100 * 1024;

const jsonTypes = ['application/json', 'application/*+json'];

function readBody<C>(route: Route<C>): RequestHandler[] {
  if (!route.body) return [];
  const refuseOtherTypes: RequestHandler = (request, response, next) => {
    // an empty body is answered with the missing fields, not with 415
    if (request.is(jsonTypes) !== false || request.get('Content-Length') === '0') return next();
    const detail = 'The request body must be JSON, with Content-Type: application/json';
    sendProblem(response, { status: 415, detail });
  };
  const bytesMax = route.bodyBytesMax ?? usualBodyBytesMax;
  // body-parser reads the whole body before it rejects it, and counts only decompressed bytes
  const limit: RequestHandler = (request, response, next) => {
    const refuse = () => {
      if (!response.headersSent) sendProblem(response, { status: 413, detail: 'The request body is too large' });
    };
    if (Number(request.get('Content-Length')) > bytesMax) return refuse();
    if (request.get('Expect')?.toLowerCase() === '100-continue') response.writeContinue();
    let bytes = 0;
    request.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes > bytesMax) refuse();
    });
    next();
  };
  const read = express.json({
    limit: bytesMax,
    type: jsonTypes,
    strict: false,
    verify: (_request, _response, bytes, encoding) => {
      if (encoding !== 'utf-8') throw Object.assign(new Error(encoding), { status: 415, type: 'charset.unsupported' });
      if (!isUtf8(bytes)) throw new AppError('invalid', 'The request body is not valid UTF-8');
    },
  });
  // body-parser may finish a compressed body that `limit` has rejected
  const stopWhereRefused: RequestHandler = (_request, response, next) => {
    if (!response.headersSent) next();
  };
  return [refuseOtherTypes, limit, read, stopWhereRefused];
}
