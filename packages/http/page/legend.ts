/** Explains shapes, outline and hatching. */
import { byId, drawMark, el } from "./dom.ts";
import type { Mark } from "./marks.ts";

const entries: readonly (readonly [Mark, string])[] = [
  [{ shape: "on", tone: "good" }, "enabled: it runs there"],
  [{ shape: "off", tone: "quiet" }, "disabled, as wanted or by the app's own choice"],
  [{ shape: "moving", tone: "quiet" }, "on its way"],
  [{ shape: "alarm", tone: "bad" }, "an error keeps it off"],
  [{ shape: "blocked", tone: "bad" }, "licence, settings or installation keep it off"],
  [{ shape: "unknown", tone: "quiet" }, "not known: the node has not reported"],
];

export const showLegend = (): void => {
  byId("legend").append(
    ...entries.map(([mark, text]) => el("li", {}, drawMark(mark), text)),
    el("li", {}, "Outlined: drift, the node has not done what is wanted."),
    el("li", {}, "Hatched: stale, the last that was heard of it."),
  );
};
