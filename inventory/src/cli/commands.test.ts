import { itExplains } from '@doorstep/kit/test/explained-commands.ts';
import { describe } from 'vitest';
import { commands, introduction } from './commands.ts';

describe('the help of the Inventory', () => {
  itExplains(introduction, commands);
});
