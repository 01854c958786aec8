import type { RequestHandler } from 'express';
import { sendProblem } from './problems.ts';

/** For a path that is known, but not with this method. Tells OPTIONS which there are. */
export function refuseMethod(methods: string[]): RequestHandler {
  const Allow = [...methods, 'OPTIONS'].sort().join(', ');
  return (request, response) => {
    if (request.method === 'OPTIONS') {
      response.status(204).set({ Allow }).end();
      return;
    }
    const detail = `${request.method} is not possible here, only ${Allow}`;
    sendProblem(response, { status: 405, detail, headers: { Allow } });
  };
}
