/** Findings of lost data as people see them. Lists are answered from memory; acknowledging goes to the store. */
import { nameOfSubject, rangeInWords, remedyOf } from "./engine/loss-text.ts";
import type { Node } from "./engine/node.ts";
import { isMusterError, MusterError } from "./errors.ts";
import { isoInstant } from "./model/instant.ts";
import type { Backend } from "./ports/backend.ts";
import type { LossFinding } from "./ports/loss-store.ts";
import { type Principal, requireReason, requireRole } from "./principal.ts";
import type { ChangeNoted } from "./reconciler/reconciler-actor.ts";
import type { DataLoss, Listing, LossesChanges, LossesService } from "./services.ts";

const lossView = (finding: LossFinding): DataLoss => ({
  id: finding.id,
  subject: nameOfSubject(finding.subject),
  range: rangeInWords(finding),
  remedy: remedyOf(finding),
  commits: finding.commits ?? null,
  batches: finding.batches.reduce((sum, { from, to }) => sum + to - from + 1, 0),
  foundAt: isoInstant(finding.foundAt),
  foundBy: finding.foundBy,
  expiresAt: isoInstant(finding.expiresAt),
  acknowledged: finding.acknowledged
    ? { ...finding.acknowledged, at: isoInstant(finding.acknowledged.at) }
    : null,
});

const notFound = (id: string): MusterError =>
  new MusterError("LOSS_NOT_FOUND", `There is no finding of lost data "${id}".`, {
    op: "losses.ack",
    outcome: "not-applied",
    hint: "List them with `muster losses list`; a finding ends a day after it was made.",
  });

export const createLossesService = (node: Node): LossesService => ({
  list: (): Listing<DataLoss> => {
    const now = node.now();
    return {
      items: node.losses.all.map(lossView),
      asOf: isoInstant(now - Math.max(0, Math.min(node.membership.silentMs, now))),
      stale: node.isAway,
    };
  },
});

export const createLossesChanges = (
  node: Node,
  backend: Backend,
  principal: Principal,
  note: (change: ChangeNoted) => Promise<void>,
): LossesChanges => {
  /** Asks the store itself: what was found a moment ago need not be in memory yet. */
  const acknowledge = async (id: string | "all", reason: string): Promise<readonly DataLoss[]> => {
    const shards = Array.from({ length: node.shardCount }, (_, shard) => shard);
    const found = await backend.losses.list({ subjects: ["cluster", ...shards] });
    const chosen = found.filter((finding) =>
      id === "all" ? !finding.acknowledged : finding.id === id,
    );
    if (id !== "all" && chosen.length === 0) throw notFound(id);
    return Promise.all(
      chosen.map(async ({ subject, id: chosenId }) => {
        const { name: by } = principal;
        const answer = await backend.losses.acknowledge({ subject, id: chosenId, by, reason });
        if (answer.kind === "unknown-loss") throw notFound(chosenId);
        node.losses.took(answer.finding);
        const view = lossView(answer.finding);
        const data = { id: view.id, of: view.subject, range: view.range };
        // After a loss it may be a while until it can be noted; whoever acknowledges need not wait.
        void note({ type: "loss.acked", subject: `loss/${view.id}`.slice(0, 200), reason, data });
        return view;
      }),
    );
  };
  return {
    ...createLossesService(node),
    ack: async (id, { reason }) => {
      requireRole(principal, "operator", "losses.ack");
      requireReason(reason, "losses.ack");
      const refused = node.unavailable();
      if (refused) throw refused;
      try {
        return { items: await acknowledge(id, reason) };
      } catch (cause) {
        if (isMusterError(cause)) throw cause;
        throw new MusterError("BACKEND_UNAVAILABLE", "losses.ack: the backend did not answer.", {
          op: "losses.ack",
          cause,
          outcome: "unknown",
          retryAfterMs: 1_000,
        });
      }
    },
  };
};
