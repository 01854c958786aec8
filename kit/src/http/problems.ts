import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, Response } from 'express';
import { isUnavailable } from '../database/faults.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { Logger } from '../process/logger.ts';

const statusOf: Record<ErrorCode, number> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  unprocessable: 422,
  too_many_requests: 429,
  unavailable: 503,
};

const unavailableSeconds = 5;
const defaultRetryAfterSeconds: Partial<Record<ErrorCode, number>> = { unavailable: unavailableSeconds };

/** A sentence for each error type of body-parser. https://github.com/expressjs/body-parser#errors */
const bodySentences: Record<string, string> = {
  'entity.too.large': 'The request body is too large',
  'encoding.unsupported': 'The Content-Encoding of the request body is not supported',
  'charset.unsupported': 'The request body must be encoded in UTF-8',
  'request.size.invalid': 'The request body does not match its Content-Length',
};

const wrongEncoding = 'The request body does not match its Content-Encoding';

function isUnpackingFault(code: unknown): boolean {
  return /^(Z_|ZSTD_|ERR_)/.test(String(code));
}

type Problem = { status: number; detail: string; members?: object; headers?: Record<string, string> };

/** Turns every error into an answer (RFC 9457). Unknown errors are bugs: a 500 without details, logged in full. */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent && !response.writableEnded) return next(error);
    const requestId = String(response.getHeader('X-Request-Id'));
    const problem = toProblem(error, requestId);
    if (problem.status === 500) {
      logger.error(`${request.method} ${request.path} failed, request ${requestId}`, { requestId, error });
    } else if (problem.status > 500) {
      logger.warn(`${request.method} ${request.path}: ${(error as Error).message}, request ${requestId}`, {
        requestId,
      });
    }
    // a body that was rejected before it was read raises a second error when it ends
    if (!response.writableEnded) sendProblem(response, problem);
  };
}

export function toProblem(error: unknown, requestId: string): Problem {
  if (error instanceof AppError) {
    const { errors, members, retryAfterSeconds = defaultRetryAfterSeconds[error.code] } = error.extras;
    const challenge = error.code === 'unauthorized' && { 'WWW-Authenticate': 'Bearer' };
    const again = retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) };
    return {
      status: statusOf[error.code],
      detail: error.message,
      members: { ...(errors && { errors }), ...members },
      headers: { ...challenge, ...again },
    };
  }
  if (isUnavailable(error)) {
    const detail = 'The storage is not available at the moment';
    return { status: 503, detail, headers: { 'Retry-After': String(unavailableSeconds) } };
  }
  const { status, type, code } = error as { status?: number; type?: string; code?: unknown };
  if (status !== undefined && status >= 400 && status < 500) {
    const detail =
      bodySentences[type ?? ''] ?? (isUnpackingFault(code) ? wrongEncoding : 'The request cannot be understood');
    return { status, detail };
  }
  return { status: 500, detail: 'Internal server error', members: { request_id: requestId } };
}

export function sendProblem(response: Response, { status, detail, members, headers }: Problem): void {
  const title = STATUS_CODES[status] ?? 'Error';
  response
    .status(status)
    .set(headers ?? {})
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title, status, detail, error: detail, ...members }));
}
