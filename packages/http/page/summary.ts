/** The head of the page: cluster, verdict with its reasons in words, counts. */
import type { ClusterStatus } from "@muster/core";
import { byId, el, reconcile, setText, showMark } from "./dom.ts";
import { markOfVerdict } from "./marks.ts";
import { plural } from "./words.ts";

/** The overview tells all of them, with more about each. */
const maxReasons = 1;

interface Tile {
  readonly label: string;
  readonly text: string;
  readonly sub: string;
}

const counted = (counts: Readonly<Record<string, number>>, names: readonly string[]): string =>
  names
    .filter((name) => (counts[name] ?? 0) > 0)
    .map((name) => `${counts[name]} ${name}`)
    .join(", ");

/** Counts in words; what is zero and no trouble is left out. */
export const tilesOf = (status: ClusterStatus): readonly Tile[] => {
  const { nodes, apps, shards, deadLetters, redis } = status;
  const known = Object.values(nodes).reduce((sum, count) => sum + count, 0);
  const others = counted(nodes, ["joining", "draining", "suspect", "lost"]);
  const off = counted(apps, ["drifted", "terminal"]);
  const rtt = redis.rttMs === undefined ? "" : `, ${Math.round(redis.rttMs * 10) / 10} ms`;
  return [
    { label: "Nodes", text: `${nodes.up} of ${known} up`, sub: others || "none missing" },
    {
      label: "Apps",
      text: apps.total === 0 ? "none" : `${apps.converged} of ${apps.total} converged`,
      sub: off || (apps.total === 0 ? "nothing is installed" : "no drift"),
    },
    {
      label: "Shards",
      text: `${shards.owned} of ${shards.total} owned`,
      sub: shards.unowned > 0 ? `${shards.unowned} unowned` : "all have an owner",
    },
    ...(deadLetters.unresolved > 0
      ? [
          {
            label: "Dead letters",
            text: `${deadLetters.unresolved} unresolved`,
            sub:
              deadLetters.parked > 0 ? `${deadLetters.parked} wait for room` : "replay or resolve",
          },
        ]
      : []),
    {
      label: redis.mode === "memory" ? "Data in memory" : "Redis",
      text: redis.state,
      sub: `${redis.mode === "memory" ? "this process only" : `${redis.mode}, ${redis.role}`}${rtt}`,
    },
  ];
};

const makeTile = ({ label }: Tile): HTMLElement =>
  el("div", { class: "tile" }, el("dt", {}, label), el("dd"), el("dd", { class: "sub" }));

const showCount = (target: HTMLElement, count: number, what: string): void => {
  setText(target, plural(count, what));
  target.classList.toggle("bad", count > 0);
};

export const showSummary = (status: ClusterStatus): void => {
  setText(byId("cluster"), status.cluster);
  setText(byId("seen-by"), `as ${status.nodeId} sees it`);
  const verdict = byId("verdict");
  showMark(verdict, markOfVerdict(status.verdict), status.verdict);
  verdict.className = `verdict ${markOfVerdict(status.verdict).tone}`;
  const more = status.reasons.length - maxReasons;
  const reasons = [
    ...status.reasons.slice(0, maxReasons),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].map((text, at) => ({ text, at }));
  reconcile(byId("reasons"), reasons, {
    keyOf: ({ at }) => String(at),
    make: () => el("li"),
    update: (element, { text }) => setText(element, text),
  });
  reconcile(byId("tiles"), tilesOf(status), {
    keyOf: ({ label }) => label,
    make: makeTile,
    update: (element, { text, sub }) => {
      const [, value, below] = element.children;
      if (value) setText(value, text);
      if (below) setText(below, sub);
    },
  });
  showCount(byId("head-alerts"), status.alerts, "open alert");
  showCount(byId("head-letters"), status.deadLetters.unresolved, "dead letter");
};
