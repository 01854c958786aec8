type Rules = {
  lookUp(name: string): string | undefined;
  /** Called for a variable that is unset, with the text after `?` if the value requires it. */
  unset(name: string, isRequired: string | undefined): void;
  malformed(): Error;
};

const name = /[_a-z][_a-z0-9]*/iy;
const braced = /^([_a-z][_a-z0-9]*)(?:(:?)([-+?])([\s\S]*))?$/i;

/**
 * Replaces `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:+other}` and `${NAME:?reason}`, the last three also without
 * the colon, which makes an empty variable count as set. `$$` is a dollar sign; any other `$` stays.
 * https://docs.docker.com/reference/compose-file/interpolation/
 */
export function interpolate(text: string, rules: Rules): string {
  let result = '';
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) return result + text.slice(at);
    result += text.slice(at, dollar);
    at = dollar + 1;
    name.lastIndex = at;
    const bare = name.exec(text)?.[0];
    if (text[at] === '$') {
      result += '$';
      at += 1;
    } else if (bare !== undefined) {
      result += lookedUp(bare, rules);
      at += bare.length;
    } else if (text[at] === '{') {
      const end = closingBrace(text, at);
      if (end < 0) throw rules.malformed();
      result += expand(text.slice(at + 1, end), rules);
      at = end + 1;
    } else {
      result += '$';
    }
  }
  return result;
}

function lookedUp(variable: string, { lookUp, unset }: Rules): string {
  const value = lookUp(variable);
  if (value === undefined) unset(variable, undefined);
  return value ?? '';
}

function expand(expression: string, rules: Rules): string {
  const [, variable, colon, operator, operand = ''] = braced.exec(expression) ?? [];
  if (variable === undefined) throw rules.malformed();
  if (operator === undefined) return lookedUp(variable, rules);
  const value = rules.lookUp(variable);
  const isSet = colon ? Boolean(value) : value !== undefined;
  if (operator === '+') return isSet ? interpolate(operand, rules) : '';
  if (isSet) return value ?? '';
  if (operator === '-') return interpolate(operand, rules);
  rules.unset(variable, interpolate(operand, rules));
  return '';
}

/** The brace that closes the one at `open`, past nested expressions. */
function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '{' && text[at - 1] === '$') depth += 1;
    else if (text[at] === '}') depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}
