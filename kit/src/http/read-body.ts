import { isUtf8 } from 'node:buffer';
import express, { type RequestHandler } from 'express';
import { AppError } from '../errors.ts';
import { isTooDeep, levelsMax, parseJson } from '../text/parse-json.ts';
import { sendProblem } from './problems.ts';
import type { Route } from './route.ts';

const usualBodyBytesMax = 100 * 1024;

const jsonTypes = ['application/json', 'application/*+json'];

/** Reads the body of a request as JSON. An integer beyond 2^53 becomes a bigint, so that no schema rounds it. */
export function readBody<C>(route: Route<C>): RequestHandler[] {
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
  const read = express.text({
    limit: bytesMax,
    type: jsonTypes,
    verify: (_request, _response, bytes, encoding) => {
      if (!/^'?utf[-_]?8'?$/.test(encoding))
        throw Object.assign(new Error(encoding), { status: 415, type: 'charset.unsupported' });
      if (!isUtf8(bytes)) throw new AppError('invalid', 'The request body is not valid UTF-8');
    },
  });
  // body-parser may finish a compressed body that `limit` has rejected
  const stopWhereRefused: RequestHandler = (_request, response, next) => {
    if (!response.headersSent) next();
  };
  return [refuseOtherTypes, limit, read, stopWhereRefused, parse];
}

const parse: RequestHandler = (request, _response, next) => {
  if (typeof request.body === 'string') request.body = parseText(request.body);
  next();
};

function parseText(text: string): unknown {
  if (text === '') return undefined;
  if (isTooDeep(text))
    throw new AppError('invalid', `The request body has more than ${levelsMax} levels of arrays and objects`);
  try {
    return parseJson(text, toBigInt);
  } catch {
    throw new AppError('invalid', 'The request body is not valid JSON');
  }
}

/** No id is longer, and reading a million digits takes 100 ms. */
const digitsMax = 100;

function toBigInt(digits: string): unknown {
  return digits.length > digitsMax ? Number(digits) : BigInt(digits);
}
