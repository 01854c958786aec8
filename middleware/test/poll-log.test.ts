import { describe, expect, it } from 'vitest';
import { createPollLog } from '../src/intake/poll-log.ts';
import { fakeClock, fakeLogger } from './fakes.ts';

const idle = { outcome: 'idle', seen: 0, cursor: 7 } as const;
const failed = { ...idle, outcome: 'failed', reason: 'CRM cannot be reached (ECONNREFUSED)' } as const;

function pollLog() {
  const clock = fakeClock();
  const logger = fakeLogger();
  const log = createPollLog({ clock, logger });
  return {
    /** Polls `count` times with this result, five seconds apart. */
    polls(result: Parameters<typeof log>[0], count = 1) {
      for (let poll = 0; poll < count; poll += 1) {
        clock.advance(5_000);
        log(result);
      }
    },
    lines: () => logger.lines.map(({ message }) => message),
  };
}

describe('the log', () => {
  it('has one line for each poll that finds customers', () => {
    const { polls, lines } = pollLog();
    polls({ ...idle, outcome: 'found', seen: 1, cursor: 8 });
    polls({ ...idle, outcome: 'found', seen: 2, cursor: 10 });
    expect(lines()).toEqual(['poll: 1 new customer, cursor 8', 'poll: 2 new customers, cursor 10']);
  });

  it('has one line per minute while there are no new customers', () => {
    const { polls, lines } = pollLog();
    polls(idle, 36);
    expect(lines()).toEqual([
      'no new customer in 12 polls, cursor 7',
      'no new customer in 24 polls, cursor 7',
      'no new customer in 36 polls, cursor 7',
    ]);
  });

  it('shows an unavailable CRM once, then once per minute, and its return', () => {
    const { polls, lines } = pollLog();
    polls(failed, 25);
    polls(idle);
    expect(lines().slice(0, 4)).toEqual([
      'CRM cannot be reached (ECONNREFUSED); polling goes on',
      'CRM cannot be reached (ECONNREFUSED), for 1 min now; polling goes on',
      'CRM cannot be reached (ECONNREFUSED), for 2 min now; polling goes on',
      'polling works again after 2.1 min',
    ]);
  });
});
