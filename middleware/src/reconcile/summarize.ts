import type { Reconciliation } from './reconciliation.ts';

/** One line: `59 customers, 59 packages: every customer has exactly one`. */
export function summarize({ customers, packages, onTheirWay, departed, exceptions, proven }: Reconciliation): string {
  const found = [
    exceptions.missing > 0 && `${exceptions.missing} without a package`,
    exceptions.double > 0 && `${exceptions.double} with more than one`,
    exceptions.ownerless > 0 && `${exceptions.ownerless} for an unknown customer`,
    exceptions.unusable > 0 && `${exceptions.unusable} entries without a valid customer id`,
    onTheirWay > 0 && `${onTheirWay} on their way`,
    departed > 0 && `${departed} of customers no longer in the CRM`,
  ].filter(Boolean);
  const verdict = proven ? ['every customer has exactly one', ...found] : found;
  return `${count(customers, 'customer')}, ${count(packages, 'package')}: ${verdict.join(', ')}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
