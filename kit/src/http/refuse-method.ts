import type { RequestHandler } from 'express';
import { sendProblem } from './problems.ts';

/** Answers 405 for a known path with another method, and lists the methods for OPTIONS. */
export function refuseMethod(methods: string[]): RequestHandler {
  const Allow = [...methods, 'OPTIONS'].sort().join(', ');
  return (request, response) => {
    if (request.method === 'OPTIONS') {
      response.status(204).set({ Allow }).end();
      return;
    }
    const detail = `${request.method} is not allowed here; the allowed methods are ${Allow}`;
    sendProblem(response, { status: 405, detail, headers: { Allow } });
  };
}
