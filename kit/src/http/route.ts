import type { z } from 'zod';
import type { Claims } from '../auth/tokens.ts';

/** `public`: anyone, always. Otherwise a token that may; an open route needs one only with REQUIRE_AUTH. */
export type Access =
  | 'public'
  | {
      open: boolean;
      /** Those who may. */
      roles: readonly string[];
      /** Besides them, this role may where the parameter of the path names the subject of the token. */
      owner?: { role: string; param: string };
    };

export function needsToken(access: Access, requireAuth: boolean): access is Exclude<Access, 'public'> {
  return access !== 'public' && (requireAuth || !access.open);
}

/** Keeps passwords and the like from being guessed. What is over a limit is answered 429. */
export type Limits = {
  /** Requests a minute from one address. */
  perAddressMax: number;
  /** Failed requests a minute, from whatever addresses, that name the same account. */
  perAccountMax: number;
  /** The account that a body names, before it is validated; undefined where it names none. */
  accountOf: (body: unknown) => string | undefined;
};

export type Reply = { status: number; body?: unknown; headers?: Record<string, string> };

export type RouteRequest<P, Q, H, B> = {
  params: P;
  query: Q;
  headers: H;
  body: B;
  /** Who asks; unset on a public route and where no token was needed. */
  caller: Claims | undefined;
  /** Headers for calls to neighbours that are made on behalf of this request. */
  passOn: Record<string, string>;
  /** Aborts when the client has gone or the service is stopping: whoever waits for something stops waiting. */
  signal: AbortSignal;
};

type Output<S> = S extends z.ZodType ? z.output<S> : undefined;
type ObjectSchema = z.ZodObject;
type Schema = z.ZodType | undefined;

export type ResponseDoc = {
  description: string;
  body?: z.ZodType;
  /** `application/json` unless told otherwise; a body of another type is text. */
  contentType?: string;
  headers?: z.ZodObject;
};

type RouteSpec<C, P extends Schema, Q extends Schema, H extends Schema, B extends Schema> = {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** An OpenAPI path template: `/customers/{id}`. */
  path: string;
  summary: string;
  tag: string;
  access: Access;
  params?: P;
  query?: Q;
  /** Names in lower case. */
  headers?: H;
  body?: B;
  /** 100 KiB unless told otherwise; of what is packed, and of what comes out of it. */
  bodyBytesMax?: number;
  bodyExample?: unknown;
  /** A request without a body is one with an empty one. */
  bodyIsOptional?: boolean;
  limits?: Limits;
  /** The answers of its own, by status; the ones every route has are added to its documentation. */
  responses: Record<number, ResponseDoc>;
  handler: (context: C, request: RouteRequest<Output<P>, Output<Q>, Output<H>, Output<B>>) => Promise<Reply>;
};

export type Route<C> = RouteSpec<
  C,
  ObjectSchema | undefined,
  ObjectSchema | undefined,
  ObjectSchema | undefined,
  Schema
> & {
  handler: (context: C, request: never) => Promise<Reply>;
};

/** Makes the `route` function of a service: one object validates, documents, guards and answers a route. */
export function defineRoute<C>() {
  return <
    P extends ObjectSchema | undefined = undefined,
    Q extends ObjectSchema | undefined = undefined,
    H extends ObjectSchema | undefined = undefined,
    B extends Schema = undefined,
  >(
    spec: RouteSpec<C, P, Q, H, B>,
  ) => spec as unknown as Route<C>;
}
