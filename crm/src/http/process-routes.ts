import { idParam } from '@doorstep/kit/http/schemas.ts';
import { keyword } from '@doorstep/kit/http/texts.ts';
import { processChange, processInput, processView } from '../process.ts';
import { processKind } from '../record.ts';
import { recordRoutes } from './record-routes.ts';

export const processRoutes = recordRoutes({
  kind: processKind,
  view: processView,
  input: processInput,
  change: processChange,
  filter: { lead_id: idParam.optional(), status: keyword({ max: 50 }).optional() },
  inputExample: { name: 'Onboarding', lead_id: 1, channel: 'email', next_followup_datetime: '2026-01-31 12:00:00' },
  changeExample: { status: 'done', next_followup_datetime: null },
  toView: (row) => row,
  toRow: ({ lead_id, channel, last_action_id, next_followup_datetime, ...rest }) => ({
    ...rest,
    lead_id: lead_id ?? null,
    channel: channel ?? null,
    last_action_id: last_action_id ?? null,
    next_followup_datetime: next_followup_datetime ?? null,
  }),
  toChange: (change) => change,
});
