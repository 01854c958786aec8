import { backlogLines } from './backlog.ts';
import { memoryLines, startLines } from './footprint.ts';
import type { Line, Missing } from './line.ts';
import { peerBacklogLines, peerPostLines } from './peer-lines.ts';
import { pollLines } from './polls.ts';
import { postLines } from './posts.ts';
import { waitLines } from './waits.ts';
import type { DatabaseKind, Workplace } from './workplace.ts';

export type Order = {
  workplace: Workplace;
  /** The requested databases; most lines are measured only on the first. */
  kinds: [DatabaseKind, ...DatabaseKind[]];
  rounds: number;
};

const customers = 10_000;

/** The lines of the table, by the name that `--only` takes. */
export const groups: Record<string, (order: Order) => Promise<(Line | Missing)[]>> = {
  async backlog({ workplace, kinds, rounds }) {
    const lines: Line[] = [];
    for (const kind of kinds) lines.push(...(await backlogLines({ workplace, kind, customers }, rounds)));
    return lines;
  },
  posts: ({ workplace, kinds, rounds }) => postLines(workplace, kinds, rounds),
  'peers-backlog': ({ workplace, rounds }) => peerBacklogLines(workplace, rounds),
  'peers-posts': ({ workplace, rounds }) => peerPostLines(workplace, rounds),
  polls: ({ workplace, kinds: [kind], rounds }) => pollLines(workplace, kind, rounds),
  waits: ({ workplace, kinds: [kind], rounds }) => waitLines(workplace, kind, rounds),
  memory: ({ workplace, kinds: [kind], rounds }) => memoryLines(workplace, kind, rounds),
  start: ({ workplace, kinds: [kind], rounds }) => startLines(workplace, kind, rounds),
};
