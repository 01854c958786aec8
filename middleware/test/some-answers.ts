import { once } from 'node:events';
import { createServer } from 'node:http';

/** Status, body and headers for each `GET /path`; any other request gets 500. */
export type Answers = Record<string, [status: number, body: unknown, headers?: Record<string, string>]>;

/** A server that gives the same answers for ever. */
export async function startAnswers(answers: Answers) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const route = `${request.method} ${request.url?.split('?')[0]}`;
    asked.push(route);
    const [status, body, headers = {}] = answers[route] ?? [500, {}];
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
