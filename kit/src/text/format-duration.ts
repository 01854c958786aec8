/** `4.6 s`, `5 min`, `2.1 h` */
export function formatDuration(ms: number): string {
  const round = (value: number) => String(Math.round(value * 10) / 10);
  if (ms < 60_000) return `${round(ms / 1000)} s`;
  if (ms < 3_600_000) return `${round(ms / 60_000)} min`;
  return `${round(ms / 3_600_000)} h`;
}
