/** What a server of a Redis Cluster says when it cannot serve a key itself, or not now. Pure. */
import { BackendUnavailable } from "@muster/core/ports";

export type Redirection =
  /** The slot belongs to another server for good. */
  | { readonly kind: "moved"; readonly slot: number; readonly address: string }
  /** The slot is moving there; this one command is to be sent there after ASKING. */
  | { readonly kind: "ask"; readonly address: string }
  /** Half of the keys have moved, or nobody serves the slot: the same command again, later. */
  | { readonly kind: "later" };

const later = /^(TRYAGAIN|CLUSTERDOWN|LOADING|MASTERDOWN|READONLY)\b/;

/** Host and port of `host:port`, where the host may hold colons or be missing. */
export const splitAddress = (address: string): { readonly host: string; readonly port: number } => {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
};

/**
 * Reads an answer that is an error; `undefined` when it redirects nowhere. An address without a host
 * means the host that answered, which is `asked`.
 */
export const redirectionOf = (message: string, asked: string): Redirection | undefined => {
  const [, verb, slot, address] = /^(MOVED|ASK) (\d+) (\S*:\d+)$/.exec(message) ?? [];
  if (address !== undefined) {
    const { host, port } = splitAddress(address);
    const full = `${host === "" ? splitAddress(asked).host : host}:${port}`;
    return verb === "ASK"
      ? { kind: "ask", address: full }
      : { kind: "moved", slot: Number(slot), address: full };
  }
  return later.test(message) ? { kind: "later" } : undefined;
};

/** The server's own words in what a link rejected with; empty when it was not the server. */
export const serverMessage = (error: unknown): string =>
  error instanceof BackendUnavailable && error.cause instanceof Error ? error.cause.message : "";
