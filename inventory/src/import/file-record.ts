/** One line of a file: its fields as they are written, or why it cannot be read. */
export type FileRecord = { line: number } & ({ fields: Record<string, unknown> } | { fault: string });
