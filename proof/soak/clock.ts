import { spawnSync } from 'node:child_process';
import { globSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The wall clock of one service, which can be moved while the service runs. */
export type ServiceClock = {
  /** The environment to start the service with. */
  environment: Record<string, string>;
  /** Sets the clock ahead of the true time, or behind it if negative. */
  move(seconds: number): void;
};

/** The path of libfaketime, if it is installed and a running Node sees the clock move. */
export function findFaketime(folder: string): string | undefined {
  const [library] = globSync(['/usr/lib/*/faketime/libfaketimeMT.so.1', '/usr/lib/faketime/libfaketimeMT.so.1']);
  if (library === undefined) return undefined;
  const { environment } = createClock(library, join(folder, 'clock-tried'));
  const script = `
    const before = Date.now();
    require('node:fs').writeFileSync(process.env.FAKETIME_TIMESTAMP_FILE, '+7200');
    process.exit(Math.abs(Date.now() - before - 7_200_000) < 60_000 ? 0 : 1);`;
  const { status } = spawnSync(process.execPath, ['-e', script], { env: environment });
  return status === 0 ? library : undefined;
}

export function createClock(library: string | undefined, file: string): ServiceClock {
  if (library === undefined) return { environment: {}, move: () => undefined };
  const move = (seconds: number) => {
    // a half-written file would not be a valid time
    writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}`);
    renameSync(`${file}.new`, file);
  };
  move(0);
  const environment = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
    // a killed process would leave its shared memory behind
    FAKETIME_DISABLE_SHM: '1',
  };
  return { environment, move };
}
