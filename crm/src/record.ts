/** What leads, actions and processes have in common: five routes each, and references to each other. */
export type RecordKind = {
  table: RecordTable;
  /** As in `Lead not found`. */
  noun: string;
  /** The columns that refer to other records. */
  references: Record<string, Pick<RecordKind, 'table' | 'noun'>>;
};

export type RecordTable = 'leads' | 'actions' | 'processes';

export type RecordValues = Record<string, string | number | null | undefined>;

export type RecordRow = { id: number } & RecordValues;

const lead = { table: 'leads', noun: 'Lead' } as const;
const action = { table: 'actions', noun: 'Action' } as const;

export const leadKind: RecordKind = { ...lead, references: {} };
export const actionKind: RecordKind = { ...action, references: { lead_id: lead } };
export const processKind: RecordKind = {
  table: 'processes',
  noun: 'Process',
  references: { lead_id: lead, last_action_id: action },
};
