/** Requests whose stream was read before they came here: to the adapter their body looks empty. */
const spent = new WeakSet<object>();

export const markSpent = (incoming: object): void => {
  spent.add(incoming);
};

export const isSpent = (request: Request, env: unknown): boolean => {
  if (request.bodyUsed) return true;
  const incoming = (env as { readonly incoming?: unknown } | undefined)?.incoming;
  return typeof incoming === "object" && incoming !== null && spent.has(incoming);
};
