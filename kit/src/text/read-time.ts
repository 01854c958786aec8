/**
 * Parses a time that another system has written. A time of day without an offset is UTC: JavaScript would read it in
 * the time zone of this machine, and the same text would mean another time on another machine.
 */
export function readTime(text: string): Date {
  const trimmed = text.trim();
  const isWithoutOffset = /:\d\d(\.\d+)?( ?[ap]m)?$/i.test(trimmed) && !/[+-]\d\d:\d\d$/.test(trimmed);
  return new Date(isWithoutOffset ? `${trimmed}${/[ap]m$/i.test(trimmed) ? ' ' : ''}Z` : trimmed);
}
