/** Facts about the demo's cluster, each asked of nodes over HTTP: what is not so yet, or nothing. */
import { CliError, hasCode } from "../cli-error.ts";
import { type JsonRecord, numberAt, recordAt, recordsAt, textAt } from "../json.ts";
import type { Expected } from "./samples.ts";
import type { World } from "./world.ts";

/** What does not hold yet, in words; `undefined` when the fact holds. */
export type Missing = string | undefined;

/** The first that is missing. */
export const all = async (
  facts: readonly (() => Promise<Missing> | Missing)[],
): Promise<Missing> => {
  for (const fact of facts) {
    const missing = await fact();
    if (missing !== undefined) return missing;
  }
  return undefined;
};

/** Asks each node the same and names the one that sees it otherwise. */
export const onEach = async (
  ids: readonly string[],
  look: (id: string) => Promise<Missing>,
): Promise<Missing> => {
  const seen = await Promise.all(ids.map(look));
  const at = seen.findIndex((missing) => missing !== undefined);
  return at < 0 ? undefined : `as ${ids[at]} sees it, ${seen[at]}`;
};

const nodeStates = async (world: World, from: string): Promise<ReadonlyMap<string, string>> => {
  const { items } = { items: recordsAt(await world.client(from).get("/v1/nodes"), "items") };
  return new Map(items.map((item) => [textAt(item, "id") ?? "?", textAt(item, "state") ?? "?"]));
};

/** Every one of these nodes is in one of the states. */
export const nodesAre =
  (world: World, ids: readonly string[], ...states: readonly string[]) =>
  async (from: string): Promise<Missing> => {
    const seen = await nodeStates(world, from);
    const off = ids.find((id) => !states.includes(seen.get(id) ?? "gone"));
    return off === undefined ? undefined : `${off} is ${seen.get(off) ?? "not listed"}`;
  };

/** Every shard has an owner. */
export const shardsAreOwned =
  (world: World) =>
  async (from: string): Promise<Missing> => {
    const shards = recordAt(await world.client(from).get("/v1/status"), "shards");
    const unowned = numberAt(shards, "unowned") ?? -1;
    const owned = numberAt(shards, "owned") ?? 0;
    return unowned === 0 && owned > 0 ? undefined : `${unowned} shards have no owner`;
  };

/** The row of each node for an app, by node. */
const rowsOf = async (
  world: World,
  from: string,
  app: string,
): Promise<ReadonlyMap<string, JsonRecord>> => {
  const answer = await world.client(from).get(`/v1/apps/${app}/status`);
  return new Map(recordsAt(answer, "items").map((row) => [textAt(row, "nodeId") ?? "?", row]));
};

/** On each of these nodes the app has come to what is expected of it there. */
export const appIs =
  (world: World, app: string, ids: readonly string[], expected: (nodeId: string) => Expected) =>
  async (from: string): Promise<Missing> => {
    const rows = await rowsOf(world, from, app);
    for (const id of ids) {
      const row = rows.get(id);
      const { status, reason } = expected(id);
      const met = row && textAt(row, "initStatus");
      const why = row && textAt(recordAt(row, "reason"), "code");
      if (met !== status || why !== reason) {
        return `${app} on ${id} is ${met ?? "not listed"}${why === undefined ? "" : ` (${why})`}, not ${status}`;
      }
    }
    return undefined;
  };

/** No app of this id is listed any more. */
export const appIsGone =
  (world: World, app: string) =>
  async (from: string): Promise<Missing> => {
    const listed = recordsAt(await world.client(from).get("/v1/apps"), "items");
    const isThere = listed.some((item) => textAt(item, "id") === app);
    return isThere ? `${app} is still listed` : undefined;
  };

/** On each of these nodes the app runs, as its present intent asks. */
export const appRuns =
  (world: World, app: string, ids: readonly string[]) =>
  async (from: string): Promise<Missing> => {
    const rows = await rowsOf(world, from, app);
    for (const id of ids) {
      const row = rows.get(id) ?? {};
      const status = textAt(row, "initStatus") ?? "not listed";
      if (!status.endsWith("_enabled")) return `${app} on ${id} is ${status}`;
      if (row["converged"] !== true) return `${app} has not converged on ${id}`;
    }
    return undefined;
  };

/** The rows of a node are marked as stale. */
export const rowsAreStale =
  (world: World, app: string, id: string) =>
  async (from: string): Promise<Missing> => {
    const rows = await rowsOf(world, from, app);
    return rows.get(id)?.["stale"] === true ? undefined : `the row of ${id} is not marked stale`;
  };

/** The verdict is one of these. */
export const verdictIs =
  (world: World, ...verdicts: readonly string[]) =>
  async (from: string): Promise<Missing> => {
    const verdict = textAt(await world.client(from).get("/v1/status"), "verdict") ?? "?";
    return verdicts.includes(verdict) ? undefined : `the verdict is ${verdict}`;
  };

/** A change is accepted; `path` must be one that alters nothing. */
export const changesAreAccepted =
  (world: World, path: string) =>
  async (from: string): Promise<Missing> => {
    await world.client(from).post(path, { reason: "to see whether changes are accepted" });
    return undefined;
  };

const refusedWithinMs = 1_000;

/** A change is refused with 503 within a second; `path` must be one that would alter nothing. */
export const changesAreRefused =
  (world: World, path: string) =>
  async (from: string): Promise<Missing> => {
    const startedAt = performance.now();
    try {
      await world.client(from).post(path, { reason: "Redis is away" });
      return "a change was accepted";
    } catch (error) {
      const tookMs = Math.round(performance.now() - startedAt);
      if (!hasCode(error) || error.code === "INTERRUPTED") throw error;
      const status = error instanceof CliError ? error.httpStatus : undefined;
      if (error.code !== "BACKEND_UNAVAILABLE" || status !== 503) {
        return `a change was refused with ${error.code} ${status ?? ""}: ${error.message}`;
      }
      return tookMs <= refusedWithinMs ? undefined : `a change was refused only after ${tookMs} ms`;
    }
  };

/** What each app is meant to be: the facts that no fault may change. */
export const intents = async (world: World, from: string): Promise<ReadonlyMap<string, string>> => {
  const apps = recordsAt(await world.client(from).get("/v1/apps"), "items");
  return new Map(
    apps.map((app) => [
      textAt(app, "id") ?? "?",
      `${textAt(app, "desiredStatus")}, generation ${numberAt(app, "generation")}, intent ${textAt(app, "intentId")}`,
    ]),
  );
};

/** Intents are still what they were. */
export const intentsAre =
  (world: World, before: ReadonlyMap<string, string>) =>
  async (from: string): Promise<Missing> => {
    const now = await intents(world, from);
    if (now.size !== before.size) return `there are ${now.size} apps, not ${before.size}`;
    const off = [...before].find(([id, intent]) => now.get(id) !== intent);
    return off === undefined ? undefined : `${off[0]} was ${off[1]}, and is ${now.get(off[0])}`;
  };
