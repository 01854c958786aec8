import { createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { createProgress } from '@doorstep/kit/cli/progress.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import { printable } from '@doorstep/kit/text/printable.ts';
import { stringify } from 'csv-stringify/sync';
import { countItems } from '../db/items.ts';
import { type Item, itemChange } from '../item.ts';
import { readAllItems } from '../queries/read-all-items.ts';
import { fileFault } from './file-fault.ts';
import type { CommandMeans } from './means.ts';

const fields = Object.keys(itemChange.shape) as (keyof Item)[];
const formats = ['csv', 'jsonl'] as const;
type Format = (typeof formats)[number];

export const exportCommand: Command<CommandMeans> = {
  summary: 'export all items in a format that import reads',
  forms: ['[FILE] [--format csv|jsonl]'],
  arguments: { FILE: 'the file to write; the default is standard output' },
  options: { '--format <FORMAT>': 'csv or jsonl; the default is the extension of FILE, or jsonl' },
  examples: ['items.csv', '--format csv'],
  async run(means) {
    const { context, positionals, values, print } = means;
    const [file] = positionals;
    const format = formatOf(file, values['format']);
    const total = await countItems(context.db);
    const progress = createProgress(means, 'items written');
    let written = 0;
    const texts = async function* () {
      if (format === 'csv') yield stringify([fields]);
      for await (const items of readAllItems(context)) {
        yield write(items, format);
        written += items.length;
        progress.show(written, total);
      }
    };
    try {
      if (file === undefined) await pipeline(Readable.from(texts()), toStdout(means));
      else await writeWhole(file, texts());
    } finally {
      progress.end();
    }
    if (file !== undefined)
      print(values['json'] ? JSON.stringify({ written }) : `${written} items written to ${file}.`);
    return exitCodes.done;
  },
};

/** @throws AppError `invalid` */
function formatOf(file: string | undefined, format: CommandMeans['values'][string]): Format {
  const wanted = format ?? formats.find((ending) => file?.toLowerCase().endsWith(`.${ending}`)) ?? 'jsonl';
  const known = formats.find((name) => name === wanted);
  if (!known) throw new AppError('invalid', `--format must be csv or jsonl, not ${JSON.stringify(wanted)}.`);
  return known;
}

function write(items: Item[], format: Format): string {
  const picked = items.map((item) => Object.fromEntries(fields.map((field) => [field, item[field]])));
  if (format === 'csv') return stringify(picked, { columns: fields, cast: { boolean: String } });
  return picked.map((item) => `${JSON.stringify(item)}\n`).join('');
}

/** As it is for a program, in visible characters for a person at a terminal. */
function toStdout({ stdout }: CommandMeans): Writable {
  const toShown = stdout.isTTY ? (text: string) => text.split('\n').map(printable).join('\n') : String;
  return new Writable({
    write(chunk, _encoding, done) {
      stdout.write(toShown(String(chunk)));
      done();
    },
  });
}

/**
 * Replaces the file atomically: a crash leaves the old file or the whole new one. Writes directly to anything that is
 * not a regular file, such as a pipe.
 * @throws AppError `invalid` if it cannot be written.
 */
async function writeWhole(file: string, texts: AsyncIterable<string>): Promise<void> {
  let draft: string | undefined;
  try {
    const target = await realpath(file).catch(() => file);
    const there = await stat(target).catch(() => undefined);
    if (there && !there.isFile()) return await pipeline(Readable.from(texts), createWriteStream(target));
    draft = `${target}.${process.pid}.part`;
    const mode = there?.mode ?? 0o666;
    await pipeline(Readable.from(texts), createWriteStream(draft, { flags: 'wx', flush: true, mode }));
    await rename(draft, target);
  } catch (error) {
    if (draft !== undefined) await rm(draft, { force: true });
    throw fileFault(error, 'written');
  }
}
