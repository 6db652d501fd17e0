import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Alert, Listing, NodeView, ReconcilerStatus } from "@muster/core";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  const reconciler = { everyMs: 300, reapAfterMs: 4_000, reapEphemeralAfterMs: 4_000 };
  cluster = await startCluster({ appsDir: apps.dir, reconciler });
  apps.add("shop");
  await cluster.startAll(3);
}, 60_000);
afterAll(async () => {
  await cluster.close();
  apps.close();
});

const nodeIds = async (asked: string) =>
  ((await cluster.node(asked).do({ do: "nodes" })) as Listing<NodeView>).items.map(({ id }) => id);
const hasRows = async (id: string) => {
  const { name, redis } = cluster;
  const reply = await redis.command("EXISTS", `muster:${name}:{${name}@${id}}:status`);
  return /\b1\b/.test(reply);
};

test("a lost node is forgotten with its rows, and its process joins anew when it goes on", async () => {
  await cluster.node("web-1").do({
    do: "install",
    request: { id: "shop", version: "1.0.0", reason: "wanted" },
  });
  await cluster.waitUntil(
    "all agree",
    async () => (await cluster.node("web-1").app("shop"))?.converged,
  );
  const { leader } = await cluster.waitUntil(
    "a node leads",
    async () => (await cluster.node("web-1").do({ do: "reconciler" })) as ReconcilerStatus,
    (status) => status.leader !== null,
  );
  // The leader itself: whoever follows it reaps it, and what it does when it is back is refused.
  const gone = leader ?? "";
  const others = ["web-1", "web-2", "web-3"].filter((id) => id !== gone);
  const [asked = ""] = others;
  expect(await hasRows(gone)).toBe(true);
  cluster.freeze(gone);
  await cluster.waitUntil(
    "every other node has forgotten it",
    () => Promise.all(others.map(nodeIds)),
    (seen) => seen.every((ids) => ids.join() === others.join()),
    { deadlineMs: 40_000 },
  );
  const rows = (await cluster.node(asked).rows("shop"))?.items ?? [];
  expect(rows.map(({ nodeId }) => String(nodeId))).toEqual(others);
  const compared = cluster.node(asked).do({ do: "compare", a: asked, b: gone });
  expect(await compared.then(() => "found", String)).toContain("There is no node");
  await cluster.waitUntil(
    "its rows are gone",
    () => hasRows(gone),
    (has) => !has,
  );
  await cluster.waitUntil(
    "no alert stands for it",
    async () => ((await cluster.node(asked).do({ do: "alerts" })) as Listing<Alert>).items,
    (alerts) => alerts.every(({ subject, closedAt }) => subject !== gone || closedAt !== null),
  );

  cluster.thaw(gone);
  await cluster.settled("web-1", "web-2", "web-3");
  await cluster.waitUntil(
    "it reports what it has",
    async () => (await cluster.node(asked).rows("shop"))?.items,
    (items) =>
      items?.some(({ nodeId, converged, stale }) => nodeId === gone && converged && !stale) ===
      true,
  );
}, 120_000);
