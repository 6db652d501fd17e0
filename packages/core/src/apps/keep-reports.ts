/** Hands what a node had told of its apps to the apps themselves, before the node is forgotten. */
import type { ActorRef } from "../define-actor.ts";
import type { BoardRow } from "../engine/status-board.ts";
import { appObserved } from "./observed.ts";
import type { AppCommands } from "./protocol.ts";

const prefix = "app/";
/** Mailboxes are not filled by nodes that are gone. */
const atOnce = 200;

/** Resolves when all apps have it for certain; rejects when the backend does not answer. */
export const keepReports = async (
  rows: readonly BoardRow[],
  nodeId: string,
  tell: (appId: string) => ActorRef<AppCommands>["tell"],
): Promise<void> => {
  const told = rows.flatMap(({ row }) => {
    if (!row.unit.startsWith(prefix)) return [];
    const observed = appObserved.safeParse(row.observed);
    if (!observed.success || observed.data.history.entries.length === 0) return [];
    return [{ appId: row.unit.slice(prefix.length), history: observed.data.history }];
  });
  for (let from = 0; from < told.length; from += atOnce) {
    const some = told.slice(from, from + atOnce);
    await Promise.all(some.map(({ appId, history }) => tell(appId).nodeGone({ nodeId, history })));
  }
};
