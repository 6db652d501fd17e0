/** Lost data in words: what is gone, and what to do about it. */
import type { LossFinding, LossSubject } from "../ports/loss-store.ts";

export const nameOfSubject = (subject: LossSubject): string =>
  subject === "cluster" ? "cluster" : `shard-${subject}`;

const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

const commitsInWords = ({ from, to }: NonNullable<LossFinding["commits"]>): string => {
  if (from.epoch === to.epoch) {
    const first = from.seq + 1;
    return first === to.seq
      ? `commit ${to.seq} of epoch ${to.epoch}`
      : `commits ${first} to ${to.seq} of epoch ${to.epoch}`;
  }
  const end = `commit ${to.seq} of epoch ${to.epoch}`;
  return from.epoch === 0
    ? `everything up to ${end}`
    : `everything after commit ${from.seq} of epoch ${from.epoch}, up to ${end}`;
};

const batchesInWords = (batches: LossFinding["batches"]): string => {
  const count = batches.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  return `${plural(count, "batch", "batches")} of messages from ${plural(batches.length, "sender")}`;
};

/** What was acknowledged and is gone. */
export const rangeInWords = ({ commits, batches, dataset }: LossFinding): string =>
  [
    ...(commits ? [commitsInWords(commits)] : []),
    ...(batches.length > 0 ? [batchesInWords(batches)] : []),
    ...(dataset ? [`all of dataset ${dataset.former}, made anew as ${dataset.present}`] : []),
  ].join(" and ");

/** One sentence, such as for the log. */
export const lossInWords = (finding: LossFinding): string =>
  finding.subject === "cluster"
    ? `the cluster's own records were lost: ${rangeInWords(finding)}`
    : `data of shard ${finding.subject} was lost: ${rangeInWords(finding)}`;

export const remedyOf = (finding: LossFinding): string =>
  finding.subject === "cluster"
    ? "drain again the nodes that were drained, then acknowledge it"
    : "check what its actors hold and repeat what is missing, then acknowledge it";
