/** The fields of one line of a file as they are written there, or why the line cannot be read. */
export type FileRecord = { line: number } & ({ fields: Record<string, unknown> } | { fault: string });
