/** One finding of lost data: opened, or widened while it stands; covered by what it says already. */
import type { NodeId, RedisMs } from "../model/ids.ts";
import { earlierOf, isBehind, laterOf } from "../model/position.ts";
import { type LossFinding, lossKeptMs, lossSenders } from "../ports/loss-store.ts";
import type { LossData } from "./cluster-data.ts";

/** What was found missing. */
export type Missing = Pick<LossFinding, "commits" | "batches" | "dataset">;

/** Changes with the finding; empty while there is none. */
export const lossMarkOf = ({ finding, changes }: LossData): string =>
  finding ? `${finding.id}.${changes}` : "";

/** The finding, unless it has ended. */
export const standing = ({ finding }: LossData, now: RedisMs): LossFinding | undefined =>
  finding && finding.expiresAt > now ? finding : undefined;

const covers = (finding: LossFinding, { commits, batches, dataset }: Missing): boolean => {
  const told = finding.commits;
  if (commits && (!told || isBehind(commits.from, told.from) || isBehind(told.to, commits.to))) {
    return false;
  }
  if (dataset && dataset.former !== finding.dataset?.former) return false;
  const isFull = finding.batches.length >= lossSenders;
  return batches.every(({ sender, to }) => {
    const known = finding.batches.find((batch) => batch.sender === sender);
    return known ? known.to >= to : isFull;
  });
};

const widened = (finding: LossFinding, missing: Missing, expiresAt: RedisMs): LossFinding => {
  const { commits, dataset = finding.dataset } = missing;
  const batches = new Map(finding.batches.map((batch) => [batch.sender, batch]));
  for (const batch of missing.batches) {
    const known = batches.get(batch.sender);
    if (!known && batches.size >= lossSenders) continue;
    batches.set(batch.sender, {
      sender: batch.sender,
      from: Math.min(batch.from, known?.from ?? batch.from),
      to: Math.max(batch.to, known?.to ?? batch.to),
    });
  }
  return {
    ...finding,
    expiresAt,
    batches: [...batches.values()],
    ...(commits && {
      commits: {
        from: earlierOf(commits.from, finding.commits?.from ?? commits.from),
        to: laterOf(commits.to, finding.commits?.to ?? commits.to),
      },
    }),
    ...(dataset && { dataset }),
  };
};

/** Takes what was found missing into the finding of a subject. */
export const noteLoss = (
  loss: LossData,
  found: Pick<LossFinding, "subject" | "id"> & { readonly nodeId: NodeId; readonly now: RedisMs },
  missing: Missing,
): void => {
  const known = standing(loss, found.now);
  if (known && covers(known, missing)) return;
  const { subject, id, nodeId, now } = found;
  const expiresAt = now + lossKeptMs;
  const open =
    known && !known.acknowledged
      ? known
      : { subject, id, foundAt: now, foundBy: nodeId, expiresAt, batches: [] };
  loss.finding = widened(open, missing, expiresAt);
  loss.changes = open === known ? loss.changes + 1 : 1;
};
