/** The expected reasons for a request to fail. Any other error is a bug. */
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
  errors?: FieldError[];
  /** Further members of the problem document, such as `existing_id`. */
  members?: Record<string, unknown>;
  retryAfterSeconds?: number;
};

/** An error whose message is safe to show to the caller of the API. */
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

/** A reason why the process cannot start, in one sentence for the operator. It is printed without a stack trace. */
export class StartError extends Error {
  override name = 'StartError';
}
