import { expect, test } from "bun:test";
import { createMuster } from "../muster.ts";
import { redactText } from "../secrets.ts";
import { judgeRuntime, judgeVerdict } from "./doctor.ts";

test.each([
  ["bun 1.4.5", "ok"],
  ["bun 1.1.9", "bad"],
  ["node 20.0.0", "ok"],
  ["node 24.1.0", "ok"],
  ["node 18.20.2", "bad"],
  ["deno 2.0.0", "bad"],
])("%s is %s", (runtime, state) => {
  const check = judgeRuntime(runtime);
  expect([check.state, check.remedy === null]).toEqual([state as never, state === "ok"]);
});

test("of all that is wrong with the cluster the first is told, and how much more there is", () => {
  const judged = (reasons: readonly string[]) =>
    judgeVerdict({ status: () => ({ verdict: "degraded", reasons }) as never }).message;
  expect(judged(["app a is off", "app b is off", "web-2 is lost"])).toBe(
    "It is degraded: app a is off; and 2 more",
  );
  expect(judged(["app a is off"])).toBe("It is degraded: app a is off");
});

test("a node in memory is well, and told that its data ends with it", async () => {
  const muster = createMuster({ cluster: "examined", node: { id: "solo" } });
  await muster.start();
  try {
    const { well, checks } = await muster.doctor();
    expect(well).toBe(true);
    expect(checks.filter(({ state }) => state !== "ok").map(({ id }) => id)).toEqual(["backend"]);
    for (const { state, remedy } of checks) expect(remedy === null).toBe(state === "ok");
    expect(checks.map(({ id }) => id)).toEqual([
      "runtime",
      "node",
      "verdict",
      "views",
      "versions",
      "app-host",
      "development",
      "backend",
    ]);
  } finally {
    await muster.stop();
  }
});

test("a node that has not joined is told so, with what to do, and nothing rejects", async () => {
  const { well, checks } = await createMuster({ cluster: "examined" }).doctor();
  expect(well).toBe(false);
  const bad = checks.filter(({ state }) => state === "bad");
  expect(bad.map(({ id }) => id)).toEqual(["node", "verdict", "redis-mode"]);
  for (const { remedy } of bad) expect(remedy).not.toBeNull();
});

test.each([
  ["redis://ops:hunter22@db:6379 went away", "redis://[redacted]@db:6379 went away"],
  ["login failed: password=hunter22, user=ops", "login failed: password=[redacted], user=ops"],
  ['{"apiKey": "abcdef123"}', '{"apiKey": "[redacted]"}'],
  ["Authorization: Bearer abcdef123", "Authorization: Bearer [redacted]"],
  ["DB_PASSWORD=abcdef x", "DB_PASSWORD=[redacted] x"],
  ["a token was wrong", "a token was wrong"],
])("%p is shown as %p", (text, shown) => {
  expect(redactText(text)).toBe(shown);
});
