/** What the panel of an app says of a node and of what differs. Pure. */
import type { AppExplanation, AppRow, AppSummary, HistoryItem } from "@muster/core";
import { type Mark, markOfStatus } from "../marks.ts";
import type { Fact, Row } from "../ui.ts";
import { ago, ahead, plural, since, words } from "../words.ts";

const partWords: Readonly<Record<string, string>> = {
  version: "version",
  packageDigest: "build",
  settingsHash: "settings",
  runtime: "runtime",
  initStatus: "init status",
  observedGeneration: "generation acted on",
};

/** Longer ones are hashes: their beginning tells them apart. */
export const partText = (part: string, value: string | number | null): string => {
  if (value === null) return "none";
  const text = String(value);
  if (part === "initStatus") return words(text);
  return part === "packageDigest" || part === "settingsHash" ? text.slice(0, 12) : text;
};

/** `build: 1a2b on web-1, web-3; 9f00 on web-2`. */
export const differenceText = ({ field, values }: AppExplanation["differences"][number]): string =>
  `${partWords[field] ?? field}: ${values
    .map(({ value, nodes }) => `${partText(field, value)} on ${nodes.join(", ")}`)
    .join("; ")}`;

/** The parts in which a row is unlike most others. */
export const oddPartsOf = (
  row: AppRow,
  differences: AppExplanation["differences"],
): ReadonlySet<string> =>
  new Set(
    differences
      .filter(({ values }) => {
        const [most] = [...values].sort((a, b) => b.nodes.length - a.nodes.length);
        return most !== undefined && !most.nodes.includes(row.nodeId);
      })
      .map(({ field }) => field),
  );

export const generationText = ({ observedGeneration, generation }: AppRow): string => {
  if (observedGeneration === null) return `none of ${generation}`;
  return observedGeneration === generation
    ? String(generation)
    : `${observedGeneration} of ${generation}`;
};

export const reasonText = ({ reason, lastError, converged }: AppRow): string => {
  if (reason) {
    const more = lastError !== null && !reason.message.includes(lastError) ? ` ${lastError}` : "";
    return `${reason.message} (${reason.code})${more}`;
  }
  return lastError ?? (converged ? "as wanted" : "on its way");
};

/** When it is tried again, counting down. */
export const attemptText = (row: AppRow, now: number): string => {
  const passed = since(row.nextAttemptAt, now);
  const attempts = row.attempts > 0 ? `after ${plural(row.attempts, "attempt")}` : "";
  if (passed !== undefined) return `${ahead(-passed)} ${attempts}`.trim();
  return row.converged ? "" : `none is planned ${attempts}`.trim();
};

export const intentText = ({ intent }: AppExplanation, now: number): string =>
  `${intent.by}, ${ago(since(intent.at, now) ?? 0)}: ${intent.reason}`;

const endText = (until: string, now: number): string => ahead(-(since(until, now) ?? 0));

/** Who holds the app as it is, until when and why. */
export const holdText = (
  hold: NonNullable<AppSummary["paused"] | AppSummary["acknowledged"]>,
  now: number,
): string => `${hold.owner}: ${hold.reason}; ends ${endText(hold.until, now)}`;

/** What is under way or held, beside what is wanted. */
export const stateFacts = (app: AppSummary, now: number): readonly Fact[] => {
  const { paused, acknowledged, rollout, uninstall } = app;
  const halted = rollout?.haltedBy;
  return [
    [
      "Paused by",
      paused && `${holdText(paused, now)}${paused.missed ? "; a change waits for that" : ""}`,
    ],
    [
      "Drift acknowledged by",
      acknowledged && `${holdText(acknowledged, now)} (${acknowledged.causes.join(", ")})`,
    ],
    [
      "Roll-out",
      rollout &&
        (halted
          ? `halted by ${halted.nodeId}: ${halted.reason.message}; the others keep ${rollout.from}`
          : `${rollout.nodes.join(", ")} first; the others keep ${rollout.from} until these run it`),
    ],
    [
      "Uninstall",
      uninstall &&
        [
          words(uninstall.phase.replaceAll("-", " ")),
          ...uninstall.waitingFor.map(({ nodeId, reason }) => `${nodeId}: ${reason.message}`),
          uninstall.error,
          uninstall.phase === "tearing-down"
            ? `waits for no node any more ${endText(uninstall.boundAt, now)}`
            : undefined,
        ]
          .filter((part) => part !== undefined)
          .join("; "),
    ],
  ];
};

const changeMark: Mark = { shape: "moving", tone: "quiet" };

/** One item of the history in words. */
export const historyRow = (item: HistoryItem, now: number): Row => {
  const passed = ago(since(item.at, now) ?? 0);
  if (item.kind === "change") {
    return {
      key: `change ${item.at} ${item.generation} ${item.change}`,
      mark: changeMark,
      state: words(item.change),
      title: `${item.by}: ${item.reason}`,
      when: `${passed}, ${item.at}`,
      lines: [
        `to be ${item.desiredStatus}, version ${item.version}, generation ${item.generation}`,
      ],
      acts: [],
    };
  }
  const again =
    item.count > 1
      ? `, ${plural(item.count, "time")}, last ${ago(since(item.lastAt, now) ?? 0)}`
      : "";
  return {
    key: `outcome ${item.nodeId} ${item.at} ${item.initStatus}`,
    mark: markOfStatus(item.initStatus),
    state: words(item.initStatus),
    title: item.nodeId,
    when: `${passed}${again}, ${item.at}`,
    lines: [
      item.reason ? `${item.reason.message} (${item.reason.code})` : undefined,
      `version ${item.version ?? "none"}, generation ${item.generation}`,
    ],
    acts: [],
  };
};
