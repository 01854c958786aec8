import { alikeKey } from '@doorstep/kit/text/fold.ts';

/** A name that was cut to fit is recognised by at least this many characters. */
const cutMin = 20;

/** Whether two names look alike, without their spaces and what was cut off. An absent name is no other one. */
export function isSameName(one: string, other: string): boolean {
  if (one === other) return true;
  const [shorter = '', longer = ''] = [fold(one), fold(other)].sort((a, b) => a.length - b.length);
  return shorter === '' || shorter === longer || (shorter.length >= cutMin && longer.startsWith(shorter));
}

function fold(name: string): string {
  return alikeKey(name).replace(/[\s\p{C}\uFFFD]+/gu, '');
}
