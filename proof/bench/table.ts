import type { Line, Missing } from './line.ts';
import type { Machine } from './machine.ts';

const heading = ['', 'ours', 'theirs', 'ratio', 'spread', '', 'compared with'];

/** The lines as a table, followed by a description of the machine. */
export function formatTable(lines: (Line | Missing)[], machine: Machine): string {
  const rows = [heading, ...lines.map(toCells)];
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) =>
    row
      .map((cell, column) =>
        isNumeric(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return `${table.join('\n')}\n\n${foot(machine)}\n`;
}

const isNumeric = (column: number) => column >= 1 && column <= 4;

function toCells(line: Line | Missing): string[] {
  if ('missing' in line) return [line.name, '', '', '', '', '', `${line.than}: ${line.missing}`];
  const { name, unit, ours, theirs, ratio, spread, goal, better, than } = line;
  const [least, most] = spread.map(twoDigits);
  return [
    name,
    threeDigits(ours) + unit,
    threeDigits(theirs) + unit,
    twoDigits(ratio),
    least === most ? '' : `${least}–${most}`,
    `${better === 'more' ? 'more is better' : 'less is better'}${goal === undefined ? '' : `, goal ${goal}${ratio >= goal ? ' met' : ' missed'}`}`,
    than,
  ];
}

const twoDigits = (value: number) => value.toFixed(2);

const threeDigits = (value: number) =>
  value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });

function foot({ cpu, cores, memoryGb, node, syncsPerSecond }: Machine): string {
  return [
    'Values are medians over the rounds. The ratio is the median of the ratios of the rounds, the spread their range.',
    'Both sides are measured in turns in the same run. Every write of ours is durable: SQLite with',
    'synchronous=FULL, PostgreSQL with fsync and synchronous_commit on, both on the disk of the temporary folder.',
    `${cpu}, ${cores} cores, ${memoryGb} GB, Node ${node}, ${syncsPerSecond.toLocaleString('en')} page syncs per second.`,
  ].join('\n');
}
