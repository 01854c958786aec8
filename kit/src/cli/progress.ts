import type { Clock } from '../clock.ts';
import type { Call } from './command.ts';

// Progress bars from npm use timers and draw immediately. Short work must draw nothing.

export type Progress = {
  show(done: number, total: number): void;
  end(): void;
};

const worthShowingMs = 1_000;
const everyMs = 100;
const width = 30;

/** Draws a bar on a terminal for work that takes longer than a second. Draws nothing elsewhere or with --json. */
export function createProgress(
  { terminal, values, clock }: Pick<Call, 'terminal' | 'values'> & { clock: Clock },
  label: string,
): Progress {
  const startMs = clock.monotonicMs();
  let shownMs = startMs + worthShowingMs - everyMs;
  let isShown = false;
  return {
    show(done, total) {
      const nowMs = clock.monotonicMs();
      if (!terminal.isTTY || values['json'] || nowMs - shownMs < everyMs) return;
      shownMs = nowMs;
      isShown = true;
      const share = total > 0 ? Math.min(done / total, 1) : 0;
      const bar = '█'.repeat(Math.round(share * width)).padEnd(width, '░');
      const text = `${bar} ${String(Math.round(share * 100)).padStart(3)} %  ${done}/${Math.max(done, total)} ${label}`;
      terminal.write(`\r${text}\x1b[K`);
    },
    end() {
      if (isShown) terminal.write('\r\x1b[K');
    },
  };
}
