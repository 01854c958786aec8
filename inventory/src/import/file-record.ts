/**
 * One line of a file: its fields as they are written, or why it cannot be read. `faults`: why some of its fields cannot be
 * read, by field.
 */
export type FileRecord = { line: number } & (
  | { fields: Record<string, unknown>; faults?: Record<string, string> }
  | { fault: string }
);
