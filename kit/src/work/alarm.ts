import { setTimeout as sleep } from 'node:timers/promises';

// A sleep of node:timers can only be aborted while it lasts, but a ring just before it must count too.

export type Alarm = ReturnType<typeof createAlarm>;

/** Both sleeps end early on the stop signal; `sleepUntilRung` also ends when the alarm rings or has rung before. */
export function createAlarm(stop: AbortSignal) {
  let rung = false;
  let wake: (() => void) | undefined;
  const sleepFor = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => undefined);
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async sleep(ms: number) {
      await sleepFor(ms, stop);
    },
    async sleepUntilRung(ms: number) {
      const ringing = new AbortController();
      wake = () => ringing.abort();
      if (!rung) await sleepFor(ms, AbortSignal.any([stop, ringing.signal]));
      rung = false;
    },
  };
}
