import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Requests of one connection that may wait for their answers. */
const answersMax = 16;

type Exchange = { request: IncomingMessage; response: ServerResponse };
type Line = { underWay: Exchange | undefined; waiting: Exchange[]; isFull: boolean };

export type Pipeline = {
  handle: RequestListener;
  /** The exchanges of a connection that are not over. */
  pending(connection: Duplex): Exchange[];
};

/**
 * Handles the pipelined requests of a connection one after the other, each once the answer before it is sent. A client
 * that reads nothing thus costs the memory of one answer, and no handler starts for a client that has left. With too many
 * requests under way the connection ends after those; a client repeats the others (RFC 9112, 9.3.2).
 */
export function createPipeline(listener: RequestListener): Pipeline {
  const lines = new WeakMap<Duplex, Line>();

  function lineOf(connection: Duplex): Line {
    const line = lines.get(connection) ?? { underWay: undefined, waiting: [], isFull: false };
    lines.set(connection, line);
    return line;
  }

  function next(connection: Duplex, line: Line): void {
    line.underWay = connection.destroyed ? undefined : line.waiting.shift();
    if (!line.underWay) return;
    const { request, response } = line.underWay;
    response.once('close', () => next(connection, line));
    listener(request, response);
  }

  return {
    handle(request, response) {
      const connection = request.socket;
      const line = lineOf(connection);
      if (line.isFull) return;
      if (line.waiting.length + 1 >= answersMax) {
        line.isFull = true;
        // the last answer says so
        line.waiting.at(-1)?.response.setHeader('Connection', 'close');
        connection.pause();
        return;
      }
      line.waiting.push({ request, response });
      if (!line.underWay) next(connection, line);
    },
    pending(connection) {
      const { underWay, waiting } = lineOf(connection);
      return underWay ? [underWay, ...waiting] : waiting;
    },
  };
}
