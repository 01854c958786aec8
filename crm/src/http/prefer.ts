export const waitSecondsMax = 30;

/**
 * The `wait` of a Prefer header (RFC 7240) in seconds, at most 30, or undefined. A preference that cannot be parsed is
 * ignored, as the RFC demands; it is never an error.
 */
export function preferredWaitSeconds(header: string | undefined): number | undefined {
  const wait = (header ?? '')
    .split(',')
    .map((preference) => /^wait\s*=\s*"?(\d{1,9})"?$/i.exec(preference.split(';')[0]?.trim() ?? '')?.[1])
    .find((seconds) => seconds !== undefined);
  const seconds = Math.min(Number(wait ?? 0), waitSecondsMax);
  return seconds > 0 ? seconds : undefined;
}
