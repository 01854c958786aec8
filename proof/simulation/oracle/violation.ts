/** A promise that was not kept. */
export class Violation extends Error {}
