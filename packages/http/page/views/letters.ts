/** Dead letters: what could not be carried out, with its error; replay and resolve. */
import type { DeadLetter } from "@muster/core";
import { type Address, queryOf } from "../address.ts";
import { byId, el, setAttribute, setText } from "../dom.ts";
import { createOwnNotice } from "../own-notice.ts";
import { createSteadyList } from "../steady.ts";
import { type Act, blank, goLink, type Row, showActs, showFacts, showRows } from "../ui.ts";
import { ago, plural, since, words } from "../words.ts";
import type { Listing, Page, View } from "./view.ts";

interface Letter extends DeadLetter {
  readonly payload: unknown;
  readonly replayable: boolean;
}

interface Replayed {
  readonly items: readonly {
    readonly id: string;
    readonly result: string;
    readonly message?: string;
  }[];
  readonly nextCursor?: string;
}

const whatOf = ({ kind, actorId, command, work }: DeadLetter): string => {
  const actor = kind === null ? "unknown actor" : `${kind}/${actorId ?? "?"}`;
  return command === null ? `${work} for ${actor}` : `${command} for ${actor}`;
};

const endOf = ({ resolution, resolvedBy, resolvedReason }: DeadLetter): string | undefined =>
  resolution === null
    ? undefined
    : `${words(resolution)} by ${resolvedBy ?? "nobody"}: ${resolvedReason ?? ""}`;

/** One letter in words. */
export const letterRow = (letter: DeadLetter, now: number): Row => ({
  key: letter.id,
  mark:
    letter.resolution === null ? { shape: "alarm", tone: "bad" } : { shape: "off", tone: "quiet" },
  state: letter.resolution === null ? words(letter.reason) : words(letter.resolution),
  title: whatOf(letter),
  to: { view: "letters", letter: letter.id },
  when: `put aside ${ago(since(letter.createdAt, now) ?? 0)}, ${plural(letter.attempts, "attempt")}`,
  lines: [letter.lastError, endOf(letter)],
  acts: [],
});

const listPath = ({ all }: Address): string =>
  `v1/dead-letters${queryOf([
    ["limit", "100"],
    ["unresolved", !all],
  ])}`;

/** JSON as people read it; text of an app's, shown as text. */
export const payloadText = (payload: unknown): string =>
  JSON.stringify(payload, undefined, 2) ?? "nothing";

export const createLettersView = (page: Page): View => {
  const notice = createOwnNotice("dead letters");
  const bar = el("p", { class: "bar" });
  const open = goLink({ view: "letters" }, "Unresolved");
  const all = goLink({ view: "letters", all: true }, "With resolved ones");
  const bulk = el("span", { class: "acts" });
  bar.append(open, all, bulk);
  const list = el("ul", { class: "rows" });
  const none = blank(
    "No dead letters",
    el("p", {}, "A message, timer or effect that no retry could carry out is put aside here."),
  );
  const title = el("h3", { id: "letter-title", attributes: { tabindex: "-1" } });
  const facts = el("dl", { class: "facts" });
  const acts = el("div", { class: "acts" });
  const payload = el("code");
  const missing = el("p", {}, "Nothing that could be shown was kept of it.");
  const detail = el(
    "section",
    { class: "panel", attributes: { "aria-labelledby": "letter-title" } },
    el("p", {}, goLink({ view: "letters" }, "Close")),
    title,
    facts,
    el("h4", {}, "Payload"),
    el("pre", { attributes: { tabindex: "0" } }, payload),
    missing,
    acts,
  );
  byId("view-letters").append(bar, notice.element, detail, list, none);
  let known: Listing<DeadLetter> | undefined;
  let letter: Letter | undefined;
  const steady = createSteadyList<DeadLetter>({
    box: list,
    keyOf: ({ id }) => id,
    render: (items) =>
      showRows(
        list,
        items.map((item) => letterRow(item, page.now())),
      ),
  });

  const done = (text: string) => () => {
    page.say(text);
    page.refresh();
  };
  const post = (id: string, verb: string, body: object, key: string) =>
    page.api.change({
      method: "POST",
      path: `v1/dead-letters/${encodeURIComponent(id)}/${verb}`,
      body,
      idempotencyKey: key,
    });
  const refusalOf = ({ replayable, resolution }: Letter): string | undefined =>
    page.refusal("operator") ??
    (replayable ? undefined : "Nothing was kept that could be sent again.") ??
    (resolution === null || resolution === "replayed" ? undefined : "It is resolved.");

  const actsOf = (one: Letter): readonly Act[] => [
    {
      label: "Replay…",
      about: whatOf(one),
      refusal: refusalOf(one),
      run: () =>
        page.ask({
          title: "Send it again?",
          text: `${whatOf(one)} is sent again, once, and the letter counts as replayed.`,
          button: "Replay",
          send: ({ reason }, { key }) =>
            post(one.id, "replay", { reason, ...(one.replays > 0 && { again: true }) }, key),
          done: done("Sent again."),
        }),
    },
    {
      label: "Resolve…",
      about: whatOf(one),
      refusal:
        page.refusal("operator") ?? (one.resolution === null ? undefined : "It is resolved."),
      run: () =>
        page.ask({
          title: "What became of it?",
          text: "It is not sent again, and counts as resolved.",
          button: "Resolve",
          fields: [
            {
              name: "to",
              label: "It was",
              kind: "choice",
              choices: [
                { value: "ignored", label: "ignored: nothing has to be done" },
                { value: "handled_by_script", label: "handled in another way" },
                { value: "handler_failed", label: "not handled, and will not be" },
              ],
            },
          ],
          send: ({ reason, to }, { key }) => post(one.id, "resolve", { reason, to }, key),
          done: done("Resolved."),
        }),
    },
  ];

  const replayMany = (): void =>
    page.ask({
      title: "Send again many at once?",
      text: "All unresolved letters that match, the oldest 500 at most, ten in a second.",
      button: "Replay",
      fields: [
        { name: "app", label: "Of the app", kind: "text", hint: "Of all, if left empty." },
        {
          name: "kind",
          label: "Of the kind of actor",
          kind: "text",
          hint: "Of all, if left empty.",
        },
        { name: "dryRun", label: "Only tell which; send nothing", kind: "check" },
      ],
      send: ({ reason, app, kind, dryRun }, { key }) =>
        page.api.change<Replayed>({
          method: "POST",
          path: "v1/dead-letters/replay",
          body: {
            filter: { ...(app && { app }), ...(kind && { kind }) },
            reason,
            limit: 500,
            ratePerSecond: 50,
            ...(dryRun && { dryRun: true }),
          },
          idempotencyKey: key,
        }),
      done: (value) => {
        page.refresh();
        page.results(
          "What came of each letter",
          (value as Replayed).items.map(({ id, result, message }) => ({
            title: id,
            result: words(result.replaceAll("-", " ")),
            isGood: result === "replayed" || result === "would-replay",
            text: message,
          })),
        );
      },
    });

  const showLetter = (): void => {
    detail.hidden = letter === undefined;
    if (!letter) return;
    const now = page.now();
    const when = (at: string | null): string | undefined =>
      at === null ? undefined : `${ago(since(at, now) ?? 0)}, ${at}`;
    setText(title, whatOf(letter));
    showFacts(facts, [
      ["Id", letter.id],
      ["Put aside", when(letter.createdAt)],
      ["Because", words(letter.reason)],
      ["Last error", letter.lastError],
      ["Attempts", String(letter.attempts)],
      ["First attempt", when(letter.firstAttemptAt)],
      ["Last attempt", when(letter.lastAttemptAt)],
      ["App", letter.appId ?? undefined],
      ["Sent by", letter.sender ?? undefined],
      ["On behalf of", letter.principal ?? undefined],
      ["Replayed", letter.replays > 0 ? plural(letter.replays, "time") : undefined],
      ["Resolved", endOf(letter)],
    ]);
    const isShown = letter.payload !== null;
    if (payload.parentElement) payload.parentElement.hidden = !isShown;
    missing.hidden = isShown;
    setText(payload, payloadText(letter.payload));
    showActs(acts, actsOf(letter));
  };

  const show = (): void => {
    const address = page.address();
    setAttribute(open, "aria-current", address.all ? undefined : "true");
    setAttribute(all, "aria-current", address.all ? "true" : undefined);
    const items = known?.items ?? [];
    steady.show(items);
    none.hidden = known === undefined || items.length > 0;
    showActs(bulk, [
      {
        label: "Replay many…",
        about: "dead letters",
        refusal: page.refusal("operator"),
        run: replayMany,
      },
    ]);
    showLetter();
  };
  const loadLetter = async (id: string): Promise<void> => {
    if (id === "") {
      letter = undefined;
      return;
    }
    if (letter?.id !== id) letter = undefined;
    const answer = await page.api.get<Letter>(`v1/dead-letters/${encodeURIComponent(id)}`);
    if (page.address().letter !== id) return;
    if (answer.kind === "value") {
      const isNew = letter === undefined;
      letter = answer.value;
      if (isNew) {
        showLetter();
        title.focus();
      }
    } else if (answer.kind === "problem" && answer.problem.status === 404) {
      page.say("This dead letter is not there any more.");
      page.go({ letter: "" }, { replace: true });
    }
  };
  return {
    load: async () => {
      const answer = await page.api.get<Listing<DeadLetter>>(listPath(page.address()));
      if (answer.kind === "value") known = answer.value;
      await loadLetter(page.address().letter);
      return notice.take(answer.kind === "value" ? undefined : answer);
    },
    show,
    tick: show,
  };
};
