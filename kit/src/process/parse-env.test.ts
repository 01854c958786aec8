// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of .env looks like that
import { describe, expect, it } from 'vitest';
import { parseEnv } from './parse-env.ts';

const environment = { OUTSIDE: 'outside', NOTHING: '' };
const parse = (text: string) => Object.fromEntries(parseEnv(text, environment).values);

describe('a line of .env', () => {
  it.each([
    // unquoted
    ['A=b', 'b'],
    ['A = b', 'b'],
    ['  A=b  ', 'b'],
    ['A=', ''],
    ['A=b c', 'b c'],
    ['A=b=c', 'b=c'],
    ['A=b # comment', 'b'],
    ['A=b #comment', 'b'],
    ['A=longenoughpass#word-2026', 'longenoughpass#word-2026'],
    ['A=*/5 * * * * *', '*/5 * * * * *'],
    ['A=a"b\'c', 'a"b\'c'],
    ['A=a\\tb', 'a\\tb'],
    ['A: b', 'b'],
    ['A=1:b', '1:b'],
    ['export A=b', 'b'],
    ['export\tA=b', 'b'],
    ['# A=c\n\n\t# D=e\nA=b', 'b'],
    ['A=c\nA=b', 'b'],
    ['A=b\r\n\r\n', 'b'],
    ['OUTSIDE\nA=b', 'b'],
    ['A=ü 🎁', 'ü 🎁'],
    // single quotes
    ["A='b'", 'b'],
    ["A='b # c' # comment", 'b # c'],
    ["A='b'#comment", 'b'],
    ["A='$OUTSIDE ${OUTSIDE} $$ \\n'", '$OUTSIDE ${OUTSIDE} $$ \\n'],
    ["A='Let\\'s go'", "Let's go"],
    ["A='b\r\nc'", 'b\nc'],
    ["A='  b '", '  b '],
    // double quotes
    ['A="b"', 'b'],
    ['A="b # c" # comment', 'b # c'],
    ['A="{\\"b\\": 1}"', '{"b": 1}'],
    ['A="b\\nc\\td\\\\e\\0123"', 'b\nc\td\\eS'],
    ['A="\\x07 \\u12e4 \\c"', '\\x07 \\u12e4 \\c'],
    ['A="b\n# c\nd"\nE=f', 'b\n# c\nd'],
    ['A=""', ''],
    ['A="\'b\'"', "'b'"],
    ['A="\\$OUTSIDE $$b"', '$OUTSIDE $b'],
    // interpolation
    ['A=$OUTSIDE', 'outside'],
    ['A="<${OUTSIDE}>"', '<outside>'],
    ['B=1\nA=${B}2', '12'],
    ['OUTSIDE=inside\nA=$OUTSIDE', 'outside'],
    ['A=pa$$word', 'pa$word'],
    ['A=5$ and $1', '5$ and $1'],
    ['A=${MISSING:-b}', 'b'],
    ['A=${NOTHING:-b}', 'b'],
    ['A=${NOTHING-b}', ''],
    ['A=${MISSING-b}', 'b'],
    ['A=${OUTSIDE:-b}', 'outside'],
    ['A=${OUTSIDE:+b}', 'b'],
    ['A=${NOTHING:+b}', ''],
    ['A=${NOTHING+b}', 'b'],
    ['A=${MISSING:-${OUTSIDE}/x}/y', 'outside/x/y'],
    ['A=${MISSING:-${ALSO:-$OUTSIDE}}', 'outside'],
    ['A=${OUTSIDE:?why}', 'outside'],
    ['A=$MISSING.', '.'],
  ])('is read as Compose reads it: %j', (text, value) => {
    expect(parse(text)['A']).toBe(value);
  });

  it('is read together with the others', () => {
    expect(parse('A=1\n\nexport B="2\n3" # c\nC_D.e=\'4\'\n  # F=5\nG=6')).toEqual({
      A: '1',
      B: '2\n3',
      'C_D.e': '4',
      G: '6',
    });
  });

  it.each([
    ['A=1\nlol$wut', '.env, line 2: a line takes NAME=value, or # and a comment; names have no spaces.'],
    ['A B=hidden', '.env, line 1: a line takes NAME=value, or # and a comment; names have no spaces.'],
    ['\n\nA="hidden', '.env, line 3: the quotes of A are not closed, or text follows.'],
    ["A='hidden\\'", '.env, line 1: the quotes of A are not closed, or text follows.'],
    ['A="hidden"b', '.env, line 1: the quotes of A are not closed, or text follows.'],
    ['A=hidden${B', '.env, line 1: the braces after $ in A are not closed or name no variable.'],
    ['A=${1}', '.env, line 1: the braces after $ in A are not closed or name no variable.'],
    ['A=${B:?set it}', '.env, line 1: A requires B, which is not set: set it.'],
    ['A=${NOTHING:?}', '.env, line 1: A requires NOTHING, which is not set.'],
  ])('is refused in one sentence without its value: %j', (text, sentence) => {
    expect(() => parse(text)).toThrow(sentence);
    expect(() => parse(text)).not.toThrow('hidden');
  });

  it('gives a warning if it refers to a variable that is not set', () => {
    expect(parseEnv('ADMIN_PASSWORD=pa$word', environment).warnings).toEqual([
      '.env, line 1: ADMIN_PASSWORD refers to a variable that is not set, which counts as empty; $$ is a dollar sign.',
    ]);
  });
});
