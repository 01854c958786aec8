export type Message = {
  /** The same at every attempt. */
  id: string;
  /** JSON */
  body: string;
};

export type Refusal = {
  reason: string;
  /** Whether every other message would fail now too. */
  isForAll: boolean;
  /** The wait that the receiver asks for, in milliseconds, at most an hour. */
  afterMs?: number | undefined;
};

export type AlertTarget = {
  /** Returns why it failed, or undefined if the message was delivered. The signal aborts it. Safe to repeat. */
  send(message: Message, stop: AbortSignal): Promise<Refusal | undefined>;
};
