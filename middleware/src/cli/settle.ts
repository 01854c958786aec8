import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { parse } from '@doorstep/kit/http/validate.ts';
import { z } from 'zod';
import { settle } from '../commands/settle.ts';
import { packageIdGiven } from '../http/filters.ts';
import type { CommandMeans } from './means.ts';
import { customerId, customerIdIs } from './words.ts';

export const settleCommand: Command<CommandMeans> = {
  summary: 'say which package a customer has, for a held delivery',
  details: 'Look for the package in the Inventory first. If it has none, "replay ID" requests one.',
  forms: ['ID --package PACKAGE'],
  arguments: { ID: customerIdIs },
  options: { '--package <PACKAGE>': 'the id of the package in the Inventory' },
  examples: ['4711 --package 12'],
  async run({ context, values, positionals, print, daemon }) {
    const id = customerId(context, positionals[0]);
    const { package: packageId } = parse(z.object({ package: packageIdGiven }), values);
    await settle(context, id, packageId);
    await daemon.wake();
    print(
      values['json']
        ? JSON.stringify({ customer_id: id, package_id: packageId })
        : `Customer ${id} has package ${packageId}.`,
    );
    return exitCodes.done;
  },
};
