/** The other end of a connection, under Node's server adapter, under Bun, or within the process. */
import type { Peer } from "./auth.ts";

interface BunServer {
  requestIP(request: Request): { readonly address: string } | null;
}
interface NodeBindings {
  readonly incoming: { readonly socket?: { readonly remoteAddress?: string } };
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isBunServer = (env: unknown): env is BunServer => isObject(env) && "requestIP" in env;
const isNode = (env: unknown): env is NodeBindings =>
  isObject(env) && "incoming" in env && isObject(env.incoming);

/**
 * A call counts as made within the process only where nothing points to a connection: no server's
 * environment, an absolute address and no Host. A closed connection's address is unknown, not near.
 */
export const peerOf = (env: unknown, request: Request): Peer => {
  if (isNode(env)) return { address: env.incoming.socket?.remoteAddress };
  if (isBunServer(env)) return { address: env.requestIP(request)?.address };
  const served = isObject(env) && Object.keys(env).length > 0;
  return { inProcess: !served && !request.headers.has("host") && URL.canParse(request.url) };
};
