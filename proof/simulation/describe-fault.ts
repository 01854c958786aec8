import { formatDuration } from '@doorstep/kit/text/format-duration.ts';
import type { Fate, Fault } from './plan.ts';

export function describeFault(fault: Fault | undefined): string {
  if (!fault) return 'no such fault';
  const { kind, ...rest } = fault;
  return `${kind}: ${Object.entries(rest)
    .filter(([name]) => name !== 'salt')
    .map(([name, value]) => `${name} ${describeValue(name, value)}`)
    .join(', ')}`;
}

function describeValue(name: string, value: unknown): string {
  if (name.endsWith('Ms')) return formatDuration(value as number);
  if (name === 'fate') return describeFate(value as Fate);
  if (name === 'fates') return (value as Fate[]).map(describeFate).join(' or ');
  return String(value);
}

function describeFate({ kind, ...rest }: Fate): string {
  const details = Object.entries(rest).map(([name, value]) => `${name} ${describeValue(name, value)}`);
  return `"${kind}"${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
}
