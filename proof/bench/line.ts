/** A line of the table: two measurements of one run and their ratio. */
export type Line = {
  name: string;
  /** What ours is compared with. */
  than: string;
  unit: string;
  ours: number;
  theirs: number;
  ratio: number;
  /** The lowest and the highest ratio of the rounds. */
  spread: [number, number];
  better: 'more' | 'less';
  goal?: number;
};

/** A line that cannot be measured here, and why. */
export type Missing = { name: string; than: string; missing: string };

export type Labels = Pick<Line, 'name' | 'than' | 'unit' | 'better'> & { goal?: number };

/** The measurements of one round. */
export type Pair = { ours: number; theirs: number };

export function toLine(labels: Labels, pairs: Pair[]): Line {
  const ratios = pairs.map(({ ours, theirs }) => ours / theirs);
  return {
    ...labels,
    ours: median(pairs.map(({ ours }) => ours)),
    theirs: median(pairs.map(({ theirs }) => theirs)),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
  };
}

export function median(values: number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [below = Number.NaN, above = below] = sorted.slice(Math.floor(place));
  return below + (above - below) * (place % 1);
}

/** Interleaves the measurements in each round, so that a disturbance of the machine affects all of them. */
export async function inTurns<Name extends string>(
  rounds: number,
  measures: Record<Name, () => Promise<number>>,
): Promise<Record<Name, number>[]> {
  const results: Record<Name, number>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const result = {} as Record<Name, number>;
    for (const name of Object.keys(measures) as Name[]) result[name] = await measures[name]();
    results.push(result);
  }
  return results;
}
