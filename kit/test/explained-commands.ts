import { expect, it } from 'vitest';
import type { Commands, Introduction } from '../src/cli/command.ts';
import { parseWords } from '../src/cli/command-words.ts';

/** The tests of every service for its own commands. */
export function itExplains<Means>(introduction: Introduction, commands: Commands<Means>): void {
  const line = { ...introduction, commands };

  it.each(Object.entries(commands))('explains %s with each option and with valid examples', (name, command) => {
    const { forms, options = {}, examples } = command;
    const help = parseWords([name, '--help'], line);

    const flags = Object.keys(options).map((option) => option.split(' ')[0]);
    expect(forms.join(' ').match(/--[a-z-]+/g) ?? []).toEqual(flags);
    for (const part of [...forms, ...flags, ...examples]) expect(help).toContain(part);
    expect(examples).not.toEqual([]);
    for (const words of examples) {
      expect(parseWords([name, ...words.split(' ').filter(Boolean)], line)).toMatchObject({ command });
    }
  });
}
