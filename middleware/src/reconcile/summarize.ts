import type { Reconciliation } from './reconciliation.ts';

/** One line: `59 customers, 59 packages: every customer has exactly one`. */
export function summarize(reconciliation: Reconciliation): string {
  const { customers, packages, matched, departed, otherSources, exceptions, proven } = reconciliation;
  const sum = addUp(reconciliation);
  const found = [
    some(exceptions.unread, exceptions.unread === 1 ? 'list not read to its end' : 'lists not read to their end'),
    ...sum.exceptions,
    some(exceptions.ownerless, 'for an unknown customer'),
    some(exceptions.unusable, 'entries without a valid customer id'),
    ...sum.apart,
    some(departed, 'of customers no longer in the CRM'),
    some(otherSources, 'for customers of other sources'),
  ].filter(isPresent);
  const verdict = proven ? [everyone(reconciliation), ...found] : found;
  const counted = `${count(customers, 'customer')}, ${count(packages, 'package')}: ${verdict.join(', ')}`;
  // what a single part leaves is plain
  if (sum.exceptions.length + sum.apart.length < 2) return counted;
  return `${counted}; the other ${matched} of ${count(customers, 'customer')} have exactly one`;
}

/** The parts of all customers besides those with exactly one package. */
function addUp({ onTheirWay, held, skipped, otherTypes, types, unseen, exceptions }: Reconciliation) {
  return {
    exceptions: [
      some(exceptions.missing, 'without a package'),
      some(exceptions.double, 'with more than one'),
      some(exceptions.misnamed, 'with a package under another name'),
      some(exceptions.changed, 'whose id belonged to another person before'),
    ].filter(isPresent),
    apart: [
      some(onTheirWay, 'on their way'),
      some(held, 'held for a person to decide'),
      some(unseen, 'whose packages could not be read'),
      some(otherTypes, `with a package of another type (${types.join(', ')})`),
      some(skipped, 'skipped by START_FROM'),
    ].filter(isPresent),
  };
}

function everyone({ skipped }: Reconciliation): string {
  return skipped > 0 ? 'every customer since START_FROM has exactly one' : 'every customer has exactly one';
}

function some(number: number, what: string): string | undefined {
  return number > 0 ? `${number} ${what}` : undefined;
}

function isPresent(text: string | undefined): text is string {
  return text !== undefined;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
