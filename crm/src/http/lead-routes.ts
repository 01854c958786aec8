import { keyword } from '@doorstep/kit/http/texts.ts';
import { lead, leadChange, leadInput } from '../lead.ts';
import { leadKind } from '../record.ts';
import { recordRoutes } from './record-routes.ts';

export const leadRoutes = recordRoutes({
  kind: leadKind,
  view: lead,
  input: leadInput,
  change: leadChange,
  filter: { status: keyword({ max: 50 }).optional() },
  inputExample: { email: 'bob@example.com', name: 'Bob Example' },
  changeExample: { status: 'contacted' },
  toView: (row) => row,
  toRow: ({ email, name, status }) => ({ email, name: name ?? null, status }),
  toChange: (change) => change,
});
