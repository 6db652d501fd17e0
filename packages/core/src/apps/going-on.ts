/** What goes on with an app as a whole, in words: pauses, updates, uninstalls. Pure. */
import { parseInstant } from "../model/instant.ts";
import { isCrashLoop } from "./decide-uninstall.ts";
import type { AppRow, AppSummary } from "./model.ts";

/** As in "web-1, web-2 and web-3". */
export const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

const ageInWords = (ms: number): string =>
  ms < 60_000 ? `${Math.floor(ms / 1_000)} s` : `${Math.floor(ms / 60_000)} min`;

/** What goes on with the app as a whole: who has stopped or holds up what, and until when. */
export const goingOn = (
  app: AppSummary,
  nodes: readonly { readonly nodeId: string; readonly nodeState: AppRow["nodeState"] }[],
  now: number,
): readonly string[] => {
  const { acknowledged, paused, rollout, uninstall } = app;
  const told: string[] = [];
  if (paused) {
    const missed = paused.missed ? "; what was changed meanwhile is done then" : "";
    told.push(`It is paused by ${paused.owner} until ${paused.until} (${paused.reason})${missed}.`);
  }
  if (acknowledged) {
    const { causes, owner, reason, until } = acknowledged;
    told.push(`${owner} answers for its drift (${causes.join(", ")}) until ${until}: ${reason}.`);
  }
  if (rollout?.haltedBy) {
    const { nodeId, reason } = rollout.haltedBy;
    told.push(
      `The update is halted by ${nodeId}: ${reason.message.replace(/\.$/, "")}; the others keep ${rollout.from}.`,
    );
  } else if (rollout) {
    const first = rollout.nodes.length > 0 ? listed(rollout.nodes) : "the first nodes";
    told.push(`The update is tried on ${first}; the others keep ${rollout.from} until then.`);
  }
  if (uninstall) {
    const { boundAt, error, phase, since, waitingFor } = uninstall;
    const age = ageInWords(Math.max(0, now - (parseInstant(since) ?? now)));
    for (const { nodeId, reason } of phase === "tearing-down" ? waitingFor : []) {
      const state = nodes.find((node) => node.nodeId === nodeId)?.nodeState ?? "gone";
      told.push(
        `The uninstall has waited for ${nodeId} (${state}) for ${age}: ${reason.message.replace(/\.$/, "")}; at ${boundAt} it goes on without it, which tears it down when it can.`,
      );
    }
    if (phase === "purging") told.push(`Its purge is under way since ${age}.`);
    if (error !== undefined) {
      const next = isCrashLoop(error) ? "only when somebody asks" : "every 5 minutes";
      told.push(`The purge failed, and is tried again ${next}: ${error}.`);
    }
  }
  return told;
};

/** Of what goes on with the app as a whole, where a command helps. */
export const appCommand = ({ id, rollout, uninstall }: AppSummary): string | undefined => {
  if (rollout?.haltedBy) return `muster apps rollback ${id} --reason "it does not run"`;
  if (uninstall?.error !== undefined && isCrashLoop(uninstall.error)) {
    return `muster apps uninstall ${id} --force --reason "its purge is mended"`;
  }
  const blocker = uninstall?.phase === "tearing-down" ? uninstall.waitingFor[0] : undefined;
  return blocker && `muster nodes get ${blocker.nodeId}`;
};
