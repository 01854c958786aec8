export const waitSecondsMax = 30;

/**
 * The seconds that a Prefer header (RFC 7240) asks to wait, at most 30. Undefined where it asks for nothing of the
 * kind: a preference that cannot be understood is ignored, never an error.
 */
export function preferredWaitSeconds(header: string | undefined): number | undefined {
  const wait = (header ?? '')
    .split(',')
    .map((preference) => /^wait\s*=\s*"?(\d{1,9})"?$/i.exec(preference.split(';')[0]?.trim() ?? '')?.[1])
    .find((seconds) => seconds !== undefined);
  const seconds = Math.min(Number(wait ?? 0), waitSecondsMax);
  return seconds > 0 ? seconds : undefined;
}
