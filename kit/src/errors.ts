/** The few ways in which a request can fail on purpose. Everything else that is thrown is a bug. */
export type ErrorCode =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'precondition_failed'
  | 'unprocessable'
  | 'too_many_requests'
  | 'unavailable';

export type FieldError = { field: string; message: string };

type Extras = {
  /** One entry for each field that is wrong. */
  errors?: FieldError[];
  /** Further members of the answer, such as `existing_id`. */
  members?: Record<string, unknown>;
  /** When to come back. */
  retryAfterSeconds?: number;
};

/** An error whose message is meant for the caller of the API. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly extras: Extras;

  constructor(code: ErrorCode, message: string, extras: Extras = {}) {
    super(message);
    this.name = 'AppError';
    this.code = code;
    this.extras = extras;
  }
}

/** A reason not to start, in one sentence for the person who starts the process. It is printed without a stack. */
export class StartError extends Error {
  override name = 'StartError';
}
