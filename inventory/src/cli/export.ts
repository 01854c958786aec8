import { createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { createProgress } from '@doorstep/kit/cli/progress.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import { printable } from '@doorstep/kit/text/printable.ts';
import { countItems } from '../db/items.ts';
import { type CsvForm, csvHeader, csvRows, writtenFields } from '../import/write-csv.ts';
import type { Item } from '../item.ts';
import { readAllItems } from '../queries/read-all-items.ts';
import { fileFault } from './file-fault.ts';
import type { CommandMeans } from './means.ts';

const formats = ['csv', 'jsonl'] as const;
type Format = (typeof formats)[number];

export const exportCommand: Command<CommandMeans> = {
  summary: 'export all items in a format that import reads',
  details:
    'In CSV, a text that a spreadsheet would run as a formula, or read as a number or a date and change, begins with an ' +
    'apostrophe. The import removes it.',
  forms: ['[FILE] [--format csv|jsonl] [--bom] [--decimal-comma]'],
  arguments: { FILE: 'the file to write; the default is standard output' },
  options: {
    '--format <FORMAT>': 'csv or jsonl; the default is the extension of FILE, or jsonl',
    '--bom': 'begin CSV with a byte order mark, so that Excel reads it as UTF-8',
    '--decimal-comma': 'write CSV with decimal commas and semicolons, for spreadsheets in such a language',
  },
  examples: ['items.csv', 'items.csv --bom --decimal-comma', '--format csv'],
  async run(means) {
    const { context, positionals, values, print } = means;
    const [file] = positionals;
    const format = formatOf(file, values['format']);
    const form = csvFormOf(values, format);
    const total = await countItems(context.db);
    const progress = createProgress(means, 'items written');
    let written = 0;
    const texts = async function* () {
      if (format === 'csv') yield csvHeader(form);
      for await (const items of readAllItems(context)) {
        yield write(items, format, form);
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

/** @throws AppError `invalid` if another format than CSV should have it. */
function csvFormOf({ bom, decimalComma }: CommandMeans['values'], format: Format): CsvForm {
  const form = { bom: Boolean(bom), decimalComma: Boolean(decimalComma) };
  if (format === 'csv' || !(bom || decimalComma)) return form;
  throw new AppError('invalid', `${bom ? '--bom' : '--decimal-comma'} is only for CSV; add --format csv.`);
}

function write(items: Item[], format: Format, form: CsvForm): string {
  if (format === 'csv') return csvRows(items, form);
  return items.map((item) => `${JSON.stringify(item, writtenFields)}\n`).join('');
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
