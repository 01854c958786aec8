import { StartError } from '../errors.ts';
import { interpolate } from './interpolate.ts';
import type { Environment } from './settings.ts';

// Node's own parser and dotenv cut an unquoted value at any #, do not interpolate, and keep a byte-order mark; the same
// .env would then mean one password to Compose and another one to npm start. No parser from npm reads what Compose reads.

export type ParsedEnv = {
  values: Map<string, string>;
  /** Sentences without values. */
  warnings: string[];
};

/**
 * Parses a .env file as Compose does. `environment` takes precedence where a value refers to a variable.
 * https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax
 * @throws StartError that names the line.
 */
export function parseEnv(file: string, environment: Environment): ParsedEnv {
  const text = file.replaceAll('\r\n', '\n');
  const values = new Map<string, string>();
  const warnings: string[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const where = () => `.env, line ${text.slice(0, at).split('\n').length}`;
  const lookUp = (name: string) => environment[name] ?? values.get(name);

  while (take(blank) && at < text.length) {
    const place = where();
    const [, name, sign] = take(nameAndSign) ?? [];
    if (name === undefined) {
      throw new StartError(`${place}: a line takes NAME=value, or # and a comment; names have no spaces.`);
    }
    if (sign !== '=' && sign !== ':') continue; // passes on a variable of the environment, which is there anyway
    const value = readValue(
      take,
      () => new StartError(`${place}: the quotes of ${name} are not closed, or text follows.`),
    );
    const unset = (variable: string, isRequired: string | undefined) => {
      if (isRequired !== undefined) {
        throw new StartError(
          `${place}: ${name} requires ${variable}, which is not set${isRequired && `: ${isRequired}`}.`,
        );
      }
      warnings.push(
        `${place}: ${name} refers to a variable that is not set, which counts as empty; $$ is a dollar sign.`,
      );
    };
    const malformed = () =>
      new StartError(`${place}: the braces after $ in ${name} are not closed or name no variable.`);
    values.set(name, value.isLiteral ? value.text : interpolate(value.text, { lookUp, unset, malformed }));
  }
  return { values, warnings };
}

const blank = /(?:\s|#[^\n]*)*/y;
/** Compose also accepts `NAME: value`, and a name alone. */
const nameAndSign = /(?:export[ \t]+)?([\p{L}\p{N}_.\-[\]]+)[ \t]*(=|:|\n|$)[ \t]*/uy;
const singleQuoted = /'((?:\\[\s\S]|[^'\\])*)'/y;
const doubleQuoted = /"((?:\\[\s\S]|[^"\\])*)"/y;
const afterQuotes = /[ \t]*(?:#[^\n]*)?(?=\n|$)/y;
const quote = /(?=['"])/y;
const restOfLine = /[^\n]*/y;

function readValue(take: (pattern: RegExp) => RegExpExecArray | null, unclosed: () => StartError) {
  if (!take(quote)) {
    const [line = ''] = take(restOfLine) ?? [];
    return { text: (line.split(' #', 1)[0] ?? '').trimEnd(), isLiteral: false };
  }
  const literal = take(singleQuoted)?.[1];
  const escaped = literal === undefined ? take(doubleQuoted)?.[1] : undefined;
  if ((literal ?? escaped) === undefined || !take(afterQuotes)) throw unclosed();
  if (literal !== undefined) return { text: literal.replaceAll(/\\([\s\S])/g, onlyQuote), isLiteral: true };
  return { text: (escaped ?? '').replaceAll(/\\(0[0-3][0-7]{2}|[\s\S])/g, toCharacter), isLiteral: false };
}

function onlyQuote(pair: string, character: string): string {
  return character === "'" ? character : pair;
}

const escapes: Record<string, string> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '\\': '\\', '"': '"', $: '$$' },
};

/** Those of echo in a POSIX shell; any other backslash stays. */
function toCharacter(pair: string, character: string): string {
  if (character.length > 1) return String.fromCharCode(Number.parseInt(character, 8));
  return escapes[character] ?? pair;
}
