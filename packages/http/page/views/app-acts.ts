/** What can be done with an app. Each asks for a reason; the server decides. */
import type { AppSummary, ReconcileItem } from "@muster/core";
import { queryOf } from "../address.ts";
import type { Change } from "../api.ts";
import {
  type Attempt,
  type ChangeRequest,
  holdOf,
  ownerField,
  untilField,
} from "../change-dialog.ts";
import type { Act } from "../ui.ts";
import { words } from "../words.ts";
import type { Page, ResultItem } from "./view.ts";

/** What came of reconciling, one line for each app and node. */
export const reconcileResults = (items: readonly ReconcileItem[]): readonly ResultItem[] =>
  items.map(({ appId, nodeId, result, code, message }) => ({
    title: `${appId} on ${nodeId}`,
    result: words(result),
    isGood: result === "repaired" || (result === "skipped" && code === "converged"),
    text: message ?? code ?? (result === "nudged" ? "it tries, and does not agree yet" : undefined),
  }));

interface Reconciled {
  readonly items: readonly ReconcileItem[];
}

export const forceField = {
  name: "force",
  label: "Try again also what no retry would mend, and begin attempts anew",
  kind: "check",
} as const;

/** Asks nodes to try many apps now. */
export const reconcileMany = (page: Page, shown: readonly AppSummary[]): void =>
  page.ask({
    title: "Reconcile many apps?",
    text: "Nodes are asked to try now, instead of at their next attempt. What is wanted stays as it is.",
    button: "Reconcile",
    fields: [
      {
        name: "which",
        label: "Which",
        kind: "choice",
        choices: [
          { value: "drifted", label: "every app that is not as it should be" },
          { value: "shown", label: `the ${shown.length} shown` },
        ],
      },
      forceField,
    ],
    send: ({ reason, which, force }, { key }) =>
      page.api.change<Reconciled>({
        method: "POST",
        path: "v1/apps/reconcile",
        body: {
          reason,
          ...(force && { force: true }),
          ...(which === "shown" && { apps: shown.map(({ id }) => id) }),
        },
        idempotencyKey: key,
      }),
    done: (value) => {
      page.refresh();
      page.results("What came of each", reconcileResults((value as Reconciled).items));
    },
  });

type Given = Readonly<Record<string, string>>;

interface AppChange extends Omit<ChangeRequest, "send" | "done"> {
  readonly label: string;
  readonly said: string;
  /** Why it is of no use now. */
  readonly useless?: string | undefined;
  change(given: Given & { readonly reason: string }, attempt: Attempt): Change;
  done?(value: unknown): void;
}

/** What an app can be told to do, by name; in the order in which it is offered. */
export interface AppActs {
  /** Disable where it is wanted, else enable. */
  readonly toggle: Act;
  readonly reconcile: Act;
  readonly more: readonly Act[];
}

const endsItself = "It ends by itself; what was missed is done then.";

export const appActs = (app: AppSummary, page: Page): AppActs => {
  const { id, generation, desiredStatus } = app;
  const path = `v1/apps/${encodeURIComponent(id)}`;
  const isGone = desiredStatus === "uninstalled";
  const gone = isGone ? "It is uninstalled: install it anew." : undefined;
  const next = `This becomes generation ${generation + 1}.`;
  const post =
    (verb: string, body: (given: Given, at: number) => object = () => ({})): AppChange["change"] =>
    (given, { key, at }) => ({
      method: "POST",
      path: `${path}/${verb}`,
      body: { reason: given.reason, ...body(given, at) },
      idempotencyKey: key,
    });
  const act = ({ label, said, useless, change, done, ...shown }: AppChange): Act => ({
    label,
    about: id,
    refusal: page.refusal("operator") ?? useless,
    ...(shown.isDangerous && { isDangerous: true }),
    run: () =>
      page.ask({
        ...shown,
        send: (given, attempt) => page.api.change(change(given, attempt)),
        done: (value) => {
          page.say(said);
          page.refresh();
          done?.(value);
        },
      }),
  });

  const toggle =
    desiredStatus === "enabled"
      ? act({
          label: "Disable…",
          title: `Disable ${id}?`,
          text: `Every node of the cluster will stop it. ${next}`,
          button: "Disable",
          said: `${id} is to be disabled. Nodes follow.`,
          change: post("disable"),
        })
      : act({
          label: "Enable…",
          title: `Enable ${id}?`,
          text: `Every node of the cluster will load it and run it. ${next}`,
          button: "Enable",
          said: `${id} is to be enabled. Nodes follow.`,
          useless: gone,
          change: post("enable"),
        });
  const reconcile = act({
    label: "Reconcile…",
    title: `Reconcile ${id}?`,
    text: "Nodes are asked to try now, instead of at their next attempt. What is wanted stays as it is.",
    button: "Reconcile",
    fields: [forceField],
    said: `Nodes were asked to try ${id}.`,
    change: post("reconcile", ({ force }) => (force ? { force: true } : {})),
    done: (value) =>
      page.results("What came of each node", reconcileResults((value as Reconciled).items)),
  });
  const hold = app.paused
    ? act({
        label: "Resume…",
        title: `Resume ${id}?`,
        text: "Nodes act on what is wanted again, at once.",
        button: "Resume",
        said: `${id} goes on.`,
        change: post("resume"),
      })
    : act({
        label: "Pause…",
        title: `Pause ${id}?`,
        text: `Nodes go on with what they have, whatever is wanted. ${endsItself}`,
        button: "Pause",
        fields: [untilField("How long"), ownerField],
        said: `${id} is paused.`,
        useless: gone,
        change: post("pause", holdOf),
      });
  const acknowledge = act({
    label: "Acknowledge drift…",
    title: `Acknowledge the drift of ${id}?`,
    text: `Somebody answers for it until then: it counts against the verdict no longer. Drift for another reason does.`,
    button: "Acknowledge",
    fields: [untilField("How long"), ownerField],
    said: `The drift of ${id} is acknowledged.`,
    useless: app.drifted > 0 ? undefined : "There is no drift.",
    change: post("ack-drift", holdOf),
  });
  const update = act({
    label: "Update…",
    title: `Update ${id}?`,
    text: `It runs ${app.version} now. Whether it is to be enabled stays as it is. ${next}`,
    button: "Update",
    fields: [
      { name: "version", label: "Version", kind: "text", isRequired: true, value: app.version },
      { name: "ref", label: "Where the package is", kind: "text", hint: "As your host needs it." },
      {
        name: "canary",
        label: "Nodes that move first",
        kind: "text",
        hint: "All at once, if left empty; else the others follow by themselves once these run it.",
      },
    ],
    said: `${id} is to be updated. Nodes follow.`,
    useless: gone,
    change: post("update", ({ version, ref, canary }) => ({
      version,
      ...(ref && { ref }),
      ...(canary && { canary: Number(canary) }),
    })),
  });
  const rollBack = act({
    label: "Roll back…",
    title: `Roll ${id} back?`,
    text: `From ${app.version} to ${app.previousVersion ?? "the version before"}. ${next}`,
    button: "Roll back",
    said: `${id} is to be rolled back. Nodes follow.`,
    change: post("rollback"),
  });
  const uninstall = act({
    label: "Uninstall…",
    title: `Uninstall ${id}?`,
    text: "Every node tears it down; then its data, triggers and dead letters are deleted, once and for all.",
    button: "Uninstall",
    isDangerous: true,
    fields: [
      {
        name: "force",
        label: "Also while somebody has paused it",
        kind: "check",
      },
    ],
    said: `${id} is being uninstalled.`,
    useless: isGone ? "It is uninstalled already." : undefined,
    change: ({ reason, force = "" }, { key }) => ({
      method: "DELETE",
      path: `${path}${queryOf([
        ["reason", reason],
        ["force", force],
      ])}`,
      idempotencyKey: key,
    }),
  });
  return {
    toggle,
    reconcile,
    more: [
      hold,
      ...(app.drifted > 0 ? [acknowledge] : []),
      update,
      ...(app.previousVersion === undefined ? [] : [rollBack]),
      uninstall,
    ],
  };
};
