import { domainToASCII, domainToUnicode } from 'node:url';
import { hidden } from './visible-text.ts';

// Done by the program, because each database folds letters differently.

const allHidden = new RegExp(`${hidden}+`, 'gv');
const ascii = /^(?:[!-~]+(?: [!-~]+)*)?$/;

/** What is seen of a text: NFKC, without hidden characters, and with one kind of space. Case counts. */
export function seenForm(text: string): string {
  if (ascii.test(text)) return text;
  return text.normalize('NFKC').replace(allHidden, '').normalize('NFKC').replace(/\s+/gu, ' ').trim();
}

/**
 * Two texts that look alike have the same key: their seen forms, with case folded in the same way for every language.
 * Folding a key again does not change it.
 */
export function alikeKey(text: string): string {
  if (ascii.test(text)) return text.toLowerCase();
  // what a folding leaves may compose to something that it changes
  return foldOnce(foldOnce(text));
}

function foldOnce(text: string): string {
  return seenForm(caseFolded(seenForm(text)));
}

/**
 * Unicode's full case folding, which JavaScript lacks. Lower case turns ẞ into ß, and upper case turns ß into SS and
 * merges letters that share a capital, such as ς and σ. The Turkish ı shares its capital with i, but is another letter.
 */
function caseFolded(text: string): string {
  return text.replace(/[^ı]+/gu, (run) => run.toLowerCase().toUpperCase().toLowerCase()).replaceAll('ς', 'σ');
}

/** Emails with the same key are one address: an internationalized domain equals its ASCII form (`xn--…`). */
export function emailKey(email: string): string {
  const { local, domain } = partsOf(email);
  if (domain === undefined) return alikeKey(local);
  // the domain decides about its letters itself: unlike in names, ß is no ss there
  return `${alikeKey(local)}@${asciiForm(domain) || alikeKey(domain)}`;
}

/** An email as it is written, and in the other form of an internationalized domain. */
export function emailForms(email: string): string[] {
  const { local, domain } = partsOf(email);
  if (domain === undefined) return [email];
  const forms = [domain.toLowerCase(), asciiForm(domain), domainToUnicode(asciiForm(domain))];
  return [...new Set(forms.filter(Boolean))].map((form) => `${local}@${form}`);
}

/** Empty for what is no domain. */
function asciiForm(domain: string): string {
  // Node would read an address and take its host
  return /[/\\?#:@%[\]]/.test(domain) ? '' : domainToASCII(domain);
}

function partsOf(email: string): { local: string; domain: string | undefined } {
  const [, local = email, domain] = /^(.*)@(.*)$/su.exec(email.normalize('NFKC')) ?? [];
  return { local, domain };
}

/** Accents, and points of Hebrew and Arabic. Not the marks of か that make it が: they are another sound. */
const accents = /[[\p{Mn}&&[\p{Script=Inherited}\p{Script=Hebrew}]]--[\u3099\u309a]]+/gv;

/** Letters with a stroke, ligatures and others that Unicode does not decompose. */
const simpler: Record<string, string> = {
  ...{ ı: 'i', ø: 'o', ł: 'l', đ: 'd', ð: 'd', ħ: 'h', ŧ: 't', æ: 'ae', œ: 'oe', þ: 'th' },
  ...Object.fromEntries([...'\u02b9\u02bb\u02bc\u2018\u2019\u201b\u2032`\u00b4'].map((quote) => [quote, "'"])),
  ...Object.fromEntries([...'\u2010\u2011\u2012\u2013\u2014\u2015\u2212'].map((dash) => [dash, '-'])),
  ...Object.fromEntries([...'“”„‟″'].map((quote) => [quote, '"'])),
};
const simplified = new RegExp(`[${Object.keys(simpler).join('')}]`, 'gu');
const simplify = (text: string) => text.replace(simplified, (char) => simpler[char] ?? char);

/**
 * What a search compares, and what lists are sorted by. Ignores whatever `alikeKey` ignores, accents, and the shape of
 * quotes and dashes.
 */
export function searchFold(text: string): string {
  if (ascii.test(text)) return simplify(text.toLowerCase());
  // a spacing accent would become a space and an accent
  const plain = alikeKey(simplify(text)).normalize('NFD').replace(accents, '');
  return simplify(plain).normalize('NFC').replace(/\s+/gu, ' ').trim();
}

/** PostgreSQL indexes at most 2704 bytes. Long emails of rare characters, in both forms, would reach them. */
const searchKeyBytesMax = 2_000;

/** The search forms of these texts, in lines, to store, to search and to sort by. */
export function searchKey(...texts: string[]): string {
  const key = texts.map(searchFold).join('\n');
  if (Buffer.byteLength(key) <= searchKeyBytesMax) return key;
  // half a character at the end becomes a replacement character
  return Buffer.from(key)
    .subarray(0, searchKeyBytesMax)
    .toString()
    .replace(/\uFFFD+$/, '');
}
