/** Replicas of memory: only their number counts, and whether it is as high as a backend asks for. */
import type { Durability } from "../ports/shard-store.ts";
import type { Link } from "./link.ts";

/** True while fewer replicas follow than this backend waits for. */
export const isShortOf = ({ durability, server }: Link): boolean =>
  durability !== undefined && server.replicas < durability.replicas;

/** The part of an answer that tells so. */
export const durabilityOf = (link: Link): { readonly durability?: Durability } =>
  isShortOf(link) ? { durability: "short" } : {};
