export type Reply = { status: number; body: unknown };

type Options = { method?: string; body?: unknown; token?: string; timeoutMs?: number };

/** Makes one HTTP call. Returns undefined if no complete answer arrives in time. */
export async function ask(url: string, options: Options = {}): Promise<Reply | undefined> {
  const { method = 'GET', body, token, timeoutMs = 6_000 } = options;
  try {
    const response = await fetch(url, {
      method,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  } catch {
    return undefined;
  }
}
