import { describe, expect, it } from 'vitest';
import { hashPassword, verifyPassword } from './password.ts';

describe('a password', () => {
  it('matches its own hash and no other', async () => {
    const hash = await hashPassword('pässword 🎁');

    expect(await verifyPassword('pässword 🎁', hash)).toBe(true);
    expect(await verifyPassword('pässword 🎀', hash)).toBe(false);
    expect(await verifyPassword('', hash)).toBe(false);
  });

  it('gets a different hash each time, in PHC string format', async () => {
    const hashes = [await hashPassword('a password'), await hashPassword('a password')];

    expect(hashes[0]).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(hashes[1]).not.toBe(hashes[0]);
  });

  it('matches a hash that was made with other cost parameters', async () => {
    // a test vector of the reference implementation, https://github.com/P-H-C/phc-winner-argon2
    const hash = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';

    expect(await verifyPassword('password', hash)).toBe(true);
    expect(await verifyPassword('Password', hash)).toBe(false);
  });

  it.each([[undefined], [''], ['password'], ['$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR']])(
    'never matches %s',
    async (hash) => {
      expect(await verifyPassword('password', hash)).toBe(false);
    },
  );
});
