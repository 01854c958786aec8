import { createReadStream, statSync } from 'node:fs';
import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { createProgress } from '@doorstep/kit/cli/progress.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import { type Imported, ImportRefused, importItems } from '../commands/import-items.ts';
import { countLowItems } from '../db/items.ts';
import { readRecords } from '../import/read-records.ts';
import { isEncoding } from '../import/read-text.ts';
import { type BadLine, createStage, type Stage } from '../import/stage.ts';
import { fillWaiting } from '../stock/fill-waiting.ts';
import { fileFault } from './file-fault.ts';
import type { CommandMeans } from './means.ts';

export const importCommand: Command<CommandMeans> = {
  summary: 'import items from CSV or JSON lines',
  details:
    'Imports the whole file, or nothing if a line is invalid. Updates an item whose sku exists, but not its stock unless ' +
    '--set-stock is given. Importing the same file twice is safe. CSV is read as spreadsheets write it; a number that may ' +
    'mean two things, such as 1.000, is refused unless the other numbers of the file show which.',
  forms: ['FILE [--skip-bad] [--set-stock] [--encoding NAME]'],
  arguments: { FILE: 'the file to read; - reads standard input' },
  options: {
    '--skip-bad': 'skip invalid lines and import the others',
    '--set-stock': 'also set the stock of existing items',
    '--encoding <NAME>': 'the encoding of the file, such as windows-1252; UTF-8 and UTF-16 are detected',
  },
  examples: ['items.csv', 'items.jsonl --skip-bad --set-stock', 'items.csv --encoding windows-1252'],
  async run(means) {
    const { context, values } = means;
    const skipBad = Boolean(values['skipBad']);
    using stage = createStage();
    const unfit = await readInto(stage, means);
    reportUnknown(means, stage.unknownFields);
    if (unfit > 0 && !skipBad) return refuse(means, { bad: unfit, good: stage.count() });
    const progress = createProgress(means, 'items imported');
    const options = {
      skipBad,
      setStock: Boolean(values['setStock']),
      onProgress: (done: number) => progress.show(done, stage.count()),
    };
    try {
      const imported = await importItems(context, stage, options).finally(progress.end);
      for (const line of imported.bad) reportInvalid(means, line);
      while (await fillWaiting(context));
      await summarize(means, imported, unfit + imported.bad.length);
      return exitCodes.done;
    } catch (error) {
      if (!(error instanceof ImportRefused)) throw error;
      for (const line of error.bad) reportInvalid(means, line);
      return refuse(means, { bad: error.bad.length, good: stage.count() - error.bad.length });
    }
  },
};

/** Stages the valid lines and reports the invalid ones. Returns the number of invalid lines. */
async function readInto(stage: Stage, means: CommandMeans): Promise<number> {
  const encoding = encodingOf(means);
  const { chunks, bytes } = openFile(means);
  const progress = createProgress(means, 'bytes read');
  let unfit = 0;
  let read = 0;
  const counted = async function* () {
    for await (const chunk of chunks) {
      read += chunk.length;
      progress.show(read, bytes);
      yield chunk;
    }
  };
  try {
    for await (const record of readRecords(counted(), encoding)) {
      const bad = stage.add(record);
      if (!bad) continue;
      unfit += 1;
      progress.end();
      reportInvalid(means, bad);
    }
  } catch (error) {
    throw fileFault(error, 'read');
  } finally {
    progress.end();
  }
  return unfit;
}

/** @throws AppError `invalid` */
function encodingOf({ values: { encoding } }: CommandMeans): string | undefined {
  if (typeof encoding !== 'string') return undefined;
  if (isEncoding(encoding)) return encoding;
  throw new AppError(
    'invalid',
    `--encoding must be the name of an encoding, such as windows-1252, not ${JSON.stringify(encoding)}.`,
  );
}

/** @throws AppError `invalid` */
function openFile({ positionals: [file], stdin }: CommandMeans): { chunks: AsyncIterable<Buffer>; bytes: number } {
  if (file === undefined) throw new AppError('invalid', 'Name the file to import, or - for standard input.');
  if (file === '-') return { chunks: stdin, bytes: 0 };
  try {
    return { bytes: statSync(file).size, chunks: createReadStream(file) };
  } catch (error) {
    throw fileFault(error, 'read');
  }
}

function reportInvalid({ values, print, say }: CommandMeans, { line, fault }: BadLine): void {
  if (values['json']) print(JSON.stringify({ line, error: fault }));
  else say(`line ${line}: ${fault}`);
}

function reportUnknown({ say }: CommandMeans, names: Set<string>): void {
  if (names.size === 0) return;
  const list = [...names].map((name) => JSON.stringify(name)).join(', ');
  const verdict = names.size === 1 ? 'is not a field of an item and is' : 'are not fields of an item and are';
  say(`${list} ${verdict} ignored.`);
}

function refuse({ values, print, say }: CommandMeans, { bad, good }: { bad: number; good: number }): number {
  if (values['json']) print(JSON.stringify({ imported: false, bad, good }));
  else {
    say(
      `Nothing was imported: ${bad} of ${bad + good} lines ${bad === 1 ? 'is' : 'are'} invalid. Correct the file, or skip invalid lines with --skip-bad.`,
    );
  }
  return exitCodes.no;
}

async function summarize({ context, values, print }: CommandMeans, imported: Imported, bad: number): Promise<void> {
  const { added, changed, same } = imported;
  const low = await countLowItems(context.db);
  if (values['json']) return print(JSON.stringify({ imported: true, added, changed, same, bad, low }));
  const skipped = bad > 0 ? `, ${bad} invalid and skipped` : '';
  const total = added + changed + same + bad;
  print(`${total} ${total === 1 ? 'line' : 'lines'}: ${added} added, ${changed} changed, ${same} unchanged${skipped}.`);
  print(`${low} ${low === 1 ? 'item is' : 'items are'} low in stock now.`);
}
