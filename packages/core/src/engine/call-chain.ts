/**
 * Who waits for whom: the actors whose askers wait for an answer that a command is part of. It
 * travels with messages and effects, so that an ask that comes back to one of them is refused at
 * once, instead of waiting for itself until its deadline.
 */
import { MusterError } from "../errors.ts";
import { actorKey } from "../model/actor-address.ts";
import type { ActorKey } from "../model/ids.ts";
import type { Message } from "../model/message.ts";

/** An actor and the ask it has deferred, then the next such pair: the first waits for the second. */
export type CallChain = readonly string[];

/** On whose behalf an effect calls another actor. */
export interface CallOrigin {
  /** Actor whose effect calls. */
  readonly actor: ActorKey;
  readonly chain: CallChain | undefined;
  /** Hops since the command came from outside, this one included. */
  readonly depth: number;
  readonly principal: string | undefined;
}

/**
 * The chain that messages and effects of a turn belong to. An ask that is answered ends its own; a
 * told message hands on what it came with, less what this actor has answered since.
 */
export const chainOfTurn = (
  message: Message,
  actor: ActorKey,
  deferredAs: string | undefined,
  isOpen: (ask: string) => boolean,
): CallChain | undefined => {
  const { chain, replyTo } = message;
  if (replyTo) return deferredAs === undefined ? undefined : [...(chain ?? []), actor, deferredAs];
  if (!chain) return undefined;
  for (let at = chain.length - 2; at >= 0; at -= 2) {
    if (chain[at] !== actor || isOpen(chain[at + 1] ?? "")) continue;
    const rest = chain.slice(at + 2);
    return rest.length > 0 ? rest : undefined;
  }
  return chain;
};

/**
 * Refuses an ask that its own chain waits for, or whose chain is too long.
 * @throws MusterError `CALL_CYCLE`, `CALL_TOO_DEEP`
 */
export const checkCall = (
  { actor, chain, depth }: CallOrigin,
  to: { readonly kind: string; readonly id: string; readonly command: string },
  maxCallDepth: number,
): void => {
  const op = `${to.kind}.${to.command}`;
  if (depth > maxCallDepth) {
    const text = `${op}: a call chain may be ${maxCallDepth} long.`;
    throw new MusterError("CALL_TOO_DEEP", text, { op, outcome: "not-applied" });
  }
  const target = actorKey(to.kind, to.id);
  const at = chain?.findIndex((part, i) => i % 2 === 0 && part === target) ?? -1;
  if (!chain || at < 0) return;
  const waiting = chain.filter((_, i) => i >= at && i % 2 === 0);
  if (waiting.at(-1) !== actor) waiting.push(actor);
  const cycle = [...waiting, target].join(" → ");
  const text = `${op}: ${target} waits for this call itself: ${cycle}.`;
  throw new MusterError("CALL_CYCLE", text, {
    op,
    outcome: "not-applied",
    hint: "Tell it instead of asking, or answer the first ask before asking back.",
  });
};
