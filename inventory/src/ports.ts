export type Message = {
  /** The same each time it is sent. */
  id: string;
  /** JSON */
  body: string;
};

export type Refusal = {
  reason: string;
  /** Whether any other message would fare no better just now. */
  isForAll: boolean;
  /** How long the receiver asks to be left alone, in milliseconds: an hour at most. */
  afterMs?: number | undefined;
};

/** Who is told of low stock. */
export type AlertTarget = {
  /** Gives why it failed, or undefined where the message has arrived. Gives up with the signal. Safe to repeat. */
  send(message: Message, stop: AbortSignal): Promise<Refusal | undefined>;
};
