/** What can be done with an app. Each asks for a reason; the server decides. */
import type { AppSummary, ReconcileItem } from "@muster/core";
import type { Attempt, ChangeRequest } from "../change-dialog.ts";
import type { Act } from "../ui.ts";
import { words } from "../words.ts";
import type { Page, ResultItem } from "./view.ts";

/** What came of reconciling, one line for each app and node. */
export const reconcileResults = (items: readonly ReconcileItem[]): readonly ResultItem[] =>
  items.map(({ appId, nodeId, result, code, message }) => ({
    title: `${appId} on ${nodeId}`,
    result: words(result),
    isGood: result === "repaired" || (result === "skipped" && code === "converged"),
    text: message ?? code,
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

/** What an app can be told to do, by name. */
export interface AppActs {
  /** Disable where it is wanted, else enable. */
  readonly toggle: Act;
  readonly reconcile: Act;
}

export const appActs = (app: AppSummary, page: Page): AppActs => {
  const { id, generation, desiredStatus } = app;
  const refusal = page.refusal("operator");
  const path = `v1/apps/${encodeURIComponent(id)}`;
  const act = (
    label: string,
    request: Omit<ChangeRequest, "send" | "done"> & {
      readonly verb: string;
      readonly said: string;
      body?(given: Readonly<Record<string, string>>, attempt: Attempt): object;
      done?(value: unknown): void;
    },
    why: string | undefined = undefined,
  ): Act => ({
    label,
    about: id,
    refusal: refusal ?? why,
    ...(request.isDangerous && { isDangerous: true }),
    run: () => {
      const { verb, said, body, done, ...shown } = request;
      page.ask({
        ...shown,
        send: (given, attempt) =>
          page.api.change({
            method: "POST",
            path: `${path}/${verb}`,
            body: { reason: given.reason, ...body?.(given, attempt) },
            idempotencyKey: attempt.key,
          }),
        done: (value) => {
          page.say(said);
          page.refresh();
          done?.(value);
        },
      });
    },
  });
  const generationText = `This becomes generation ${generation + 1}.`;
  return {
    toggle:
      desiredStatus === "enabled"
        ? act("Disable…", {
            title: `Disable ${id}?`,
            text: `Every node of the cluster will stop it. ${generationText}`,
            button: "Disable",
            verb: "disable",
            said: `${id} is to be disabled. Nodes follow.`,
          })
        : act(
            "Enable…",
            {
              title: `Enable ${id}?`,
              text: `Every node of the cluster will load it and run it. ${generationText}`,
              button: "Enable",
              verb: "enable",
              said: `${id} is to be enabled. Nodes follow.`,
            },
            desiredStatus === "uninstalled" ? "It is uninstalled: install it anew." : undefined,
          ),
    reconcile: act("Reconcile…", {
      title: `Reconcile ${id}?`,
      text: "Nodes are asked to try now, instead of at their next attempt. What is wanted stays as it is.",
      button: "Reconcile",
      fields: [forceField],
      verb: "reconcile",
      said: `Nodes were asked to try ${id}.`,
      body: ({ force }) => (force ? { force: true } : {}),
      done: (value) =>
        page.results("What came of each node", reconcileResults((value as Reconciled).items)),
    }),
  };
};
