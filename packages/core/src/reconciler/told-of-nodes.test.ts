/** Events of nodes and of what they report, on whole nodes in virtual time. */
import { expect, test } from "bun:test";
import { startNodes } from "./reconciler-kit.test.ts";

test("each node tells once what its row of an app came to, however often it is tried", async () => {
  const { clock, finish, hosts, at, ops } = await startNodes(2);
  let broken = true;
  const [, second] = hosts;
  if (second) {
    second.hooks.enable = () => {
      if (broken) throw new Error("no database");
    };
  }
  await finish(ops.apps.install({ id: "crm", version: "1.0.0", reason: "x" }));
  await clock.runFor(30_000);
  const told = async () => {
    const types = ["app.node.reported"] as const;
    const { items } = await finish(at(0).events.history({ types, subject: "app/crm" }));
    return items.map(({ data }) => {
      const part = (side: unknown) => (side as { initStatus: string } | null)?.initStatus ?? null;
      return `${data["nodeId"]} ${part(data.previous)} → ${part(data.next)}`;
    });
  };
  const settled = (lines: readonly string[]) =>
    ["web-1", "web-2"].map((id) => lines.findLast((line) => line.startsWith(id))?.split("→ ")[1]);
  const before = await told();
  expect(settled(before)).toEqual(["auto_enabled", "error_disabled"]);
  await clock.runFor(60_000);
  expect(await told()).toEqual(before);
  broken = false;
  await finish(ops.apps.reconcile("crm", { reason: "mended" }));
  await clock.runFor(5_000);
  expect(settled(await told())).toEqual(["auto_enabled", "auto_enabled"]);
});

test("nodes that join, leave, are lost and are forgotten are told once each", async () => {
  const { clock, clocks, finish, at, leaders } = await startNodes(4, { reapAfterMs: 60_000 });
  await clock.runFor(12_000);
  const [leader] = [...leaders()];
  const [gone, leaver] = ["web-2", "web-3", "web-4"].filter((id) => id !== leader);
  const indexOf = (id = "") => Number(id.slice(4)) - 1;
  clocks[indexOf(gone)]?.freeze();
  await finish(at(indexOf(leaver)).stop());
  await clock.runFor(120_000);
  const { items } = await finish(at(0).events.history({ types: ["node.*"] }));
  const told = items.map(({ type, subject }) => `${type} ${subject}`);
  expect(told.filter((line) => line.startsWith("node.joined")).sort()).toEqual(
    [1, 2, 3, 4].map((n) => `node.joined node/web-${n}`),
  );
  expect(told.filter((line) => !line.startsWith("node.joined")).sort()).toEqual(
    [`node.left node/${leaver}`, `node.lost node/${gone}`, `node.reaped node/${gone}`].sort(),
  );
});
