/** The other end of a connection, under Node's server adapter, under Bun, or within the process. */
import type { Peer } from "./auth.ts";

interface BunServer {
  requestIP(request: Request): { readonly address: string } | null;
}
interface NodeBindings {
  readonly incoming: { readonly socket?: { readonly remoteAddress?: string } };
}

const isBunServer = (env: unknown): env is BunServer =>
  typeof env === "object" && env !== null && "requestIP" in env;
const isNode = (env: unknown): env is NodeBindings =>
  typeof env === "object" && env !== null && "incoming" in env;

export const peerOf = (env: unknown, request: Request): Peer => {
  if (isNode(env)) return { address: env.incoming.socket?.remoteAddress };
  if (isBunServer(env)) return { address: env.requestIP(request)?.address };
  return {};
};
