import { createTurns, type Turn } from '@doorstep/kit/work/turns.ts';
import { hashPassword, isHashedAsTyped, verifyPassword } from './password.ts';

/** Each takes 19 MiB, and one of the four threads that files, names and compression also need. */
const runningMax = 2;
/** A second of work or so: a client that is let in does not wait longer. */
const waitingMax = 16;
const refusal = {
  sentence: 'Too many passwords are being checked at the moment; try again later',
  retryAfterSeconds: 2,
};

export type Work = {
  hash: typeof hashPassword;
  verify: typeof verifyPassword;
  isHashedAsTyped: typeof isHashedAsTyped;
};

/**
 * Runs a job that hashes or verifies passwords, in its turn.
 * @throws AppError `unavailable` if too many wait.
 */
export type PasswordWork = <T>(turn: Turn, job: (work: Work) => Promise<T>) => Promise<T>;

/** The only way to a hash: a flood of logins must leave processor time and threads to all other requests. */
export function createPasswordWork(): PasswordWork {
  const turns = createTurns({ runningMax, waitingMax, refusal });
  return (turn, job) => turns.run(turn, () => job({ hash: hashPassword, verify: verifyPassword, isHashedAsTyped }));
}
