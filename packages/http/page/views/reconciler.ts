/** The reconciler: its mode, who leads it, what its last passes came to. */
import type { ReconcilerPass, ReconcilerStatus } from "@muster/core";
import type { Failure } from "../api.ts";
import { holdOf, ownerField, untilField } from "../change-dialog.ts";
import { byId, el, setText, showMark } from "../dom.ts";
import type { Mark } from "../marks.ts";
import { type Act, blank, createTable, showActs, showFacts } from "../ui.ts";
import { ago, ahead, duration, since } from "../words.ts";
import type { Page, View } from "./view.ts";

const modeMark: Readonly<Record<string, Mark>> = {
  enforce: { shape: "on", tone: "good" },
  observe: { shape: "unknown", tone: "warn" },
  paused: { shape: "off", tone: "warn" },
};
const modeWords: Readonly<Record<string, string>> = {
  enforce: "nodes that drifted are asked to try again",
  observe: "it looks and opens alerts, and asks nobody",
  paused: "it looks and opens alerts, and asks nobody until the pause ends",
};

/** What a pass came to, in words. */
export const passText = (pass: ReconcilerPass): string => {
  const counts = [
    [pass.drifted, "drifted"],
    [pass.repaired, "repaired"],
    [pass.failed, "failed"],
    [pass.skipped, "skipped"],
    [pass.opened, "alerts opened"],
    [pass.closed, "alerts closed"],
    [pass.reaped, "lost nodes forgotten"],
  ] as const;
  const told = counts.filter(([count]) => count > 0).map(([count, word]) => `${word}: ${count}`);
  const because = pass.because === null ? "" : ` (${pass.because})`;
  return `${told.length > 0 ? told.join(", ") : "all as wanted"}${because}`;
};

const nothingBut = (status: ReconcilerStatus | undefined): string =>
  status?.set ? "Ends what was set before." : "Nothing was set.";

export const createReconcilerView = (page: Page): View => {
  const mode = el("p", { class: "status big" });
  const modeLine = el("p");
  const facts = el("dl", { class: "facts" });
  const acts = el("div", { class: "acts" });
  const table = createTable<ReconcilerPass>(
    "passes-title",
    [
      { label: "When", show: (cell, { at }) => setText(cell, ago(since(at, page.now()) ?? 0)) },
      { label: "Came to", show: (cell, pass) => setText(cell, passText(pass)) },
      { label: "Rows looked at", show: (cell, { checked }) => setText(cell, String(checked)) },
      { label: "By", show: (cell, { node }) => setText(cell, node) },
      { label: "Took", show: (cell, { durationMs }) => setText(cell, duration(durationMs)) },
    ],
    ({ at, fence }) => `${fence} ${at}`,
  );
  const none = blank(
    "No pass yet",
    el("p", {}, "A pass is listed here when something came of it, and one now and then besides."),
  );
  byId("view-reconciler").append(
    el("div", { class: "panel" }, mode, modeLine, facts, acts),
    el("h3", { id: "passes-title" }, "Last passes"),
    table.box,
    none,
  );
  let known: ReconcilerStatus | undefined;

  const post = (verb: string, body: object, key: string) =>
    page.api.change({
      method: "POST",
      path: `v1/reconciler/${verb}`,
      body,
      idempotencyKey: key,
    });
  const done = (text: string) => () => {
    page.say(text);
    page.refresh();
  };
  const actsOf = (status: ReconcilerStatus): readonly Act[] => {
    const refusal = page.refusal("operator");
    const about = "the reconciler";
    return [
      {
        label: "Run a pass…",
        about,
        refusal,
        run: () =>
          page.ask({
            title: "Run a pass now?",
            text: "Every row is compared with what is wanted, wherever the reconciler is led from.",
            button: "Run",
            send: ({ reason }, { key }) => post("run", { reason }, key),
            done: (pass) => done(`The pass: ${passText(pass as ReconcilerPass)}.`)(),
          }),
      },
      {
        label: "Pause…",
        about,
        refusal,
        run: () =>
          page.ask({
            title: "Pause the reconciler?",
            text: "It asks no node to try again until then; alerts go on. The pause ends by itself.",
            button: "Pause",
            fields: [untilField("How long"), ownerField],
            send: ({ reason, ...given }, { key, at }) =>
              post("pause", { reason, ...holdOf(given, at) }, key),
            done: done("The reconciler is paused."),
          }),
      },
      {
        label: "Resume…",
        about,
        refusal: refusal ?? (status.set ? undefined : "Nothing was set: it runs as at first."),
        run: () =>
          page.ask({
            title: "Resume the reconciler?",
            text: nothingBut(known),
            button: "Resume",
            send: ({ reason }, { key }) => post("resume", { reason }, key),
            done: done("The reconciler goes on."),
          }),
      },
      {
        label: "Set the mode…",
        about,
        refusal,
        run: () =>
          page.ask({
            title: "Set the mode of the reconciler?",
            text: "For the whole cluster, at once.",
            button: "Set",
            fields: [
              {
                name: "mode",
                label: "Mode",
                kind: "choice",
                value: status.mode === "paused" ? "enforce" : status.mode,
                choices: [
                  { value: "enforce", label: "enforce: drifted nodes are asked to try again" },
                  { value: "observe", label: "observe: look, and ask nobody" },
                ],
              },
              untilField("How long", false),
              ownerField,
            ],
            send: ({ reason, mode: chosen, ...given }, { key, at }) =>
              post("mode", { reason, mode: chosen, ...holdOf(given, at) }, key),
            done: done("The mode is set."),
          }),
      },
    ];
  };

  const show = (): void => {
    if (!known) return;
    const { mode: name, set, leader, fence, passes } = known;
    const now = page.now();
    showMark(mode, modeMark[name] ?? { shape: "unknown", tone: "quiet" }, name);
    setText(modeLine, modeWords[name] ?? "");
    const left = since(set?.until, now);
    showFacts(facts, [
      ["Led from", leader ?? "no node now; one is elected within seconds"],
      ["Fence", String(fence)],
      ["Set by", set && `${set.by}, ${ago(since(set.at, now) ?? 0)}: ${set.reason}`],
      ["Answers for it", set?.owner ?? undefined],
      ["Ends", set && (left === undefined ? "when it is changed" : ahead(-left))],
    ]);
    showActs(acts, actsOf(known));
    table.show(passes);
    table.box.hidden = passes.length === 0;
    none.hidden = passes.length > 0;
  };
  return {
    load: async (): Promise<Failure | undefined> => {
      const answer = await page.api.getTagged<ReconcilerStatus>("v1/reconciler");
      if (answer.kind !== "value") return answer;
      known = answer.value;
      return undefined;
    },
    show,
    tick: show,
  };
};
