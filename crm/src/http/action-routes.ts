import { idParam, line } from '@doorstep/kit/http/schemas.ts';
import { action, actionChange, actionInput, detailsOf } from '../action.ts';
import { actionKind } from '../record.ts';
import { recordRoutes } from './record-routes.ts';

export const actionRoutes = recordRoutes({
  kind: actionKind,
  view: action,
  input: actionInput,
  change: actionChange,
  filter: { lead_id: idParam.optional(), action_type: line({ max: 100 }).optional() },
  inputExample: { lead_id: 1, action_type: 'call', details: 'Asked for a quote' },
  changeExample: { details: 'Asked for two quotes' },
  toView: (row) => ({ ...row, description: row['details'] }),
  toRow: ({ lead_id, action_type, ...texts }) => ({
    lead_id: lead_id ?? null,
    action_type,
    details: detailsOf(texts, null) ?? null,
  }),
  toChange: ({ lead_id, action_type, ...texts }, { details }) => ({
    lead_id,
    action_type,
    details: detailsOf(texts, details as string | null),
  }),
});
