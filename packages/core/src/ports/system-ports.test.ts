import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { systemClock } from "./system-clock.ts";
import { systemRandom } from "./system-random.ts";

test("a task runs once its delay has passed, not before", async () => {
  const from = systemClock.monotonic();
  await new Promise<void>((resolve) => systemClock.after(20, resolve));
  expect(systemClock.monotonic() - from).toBeGreaterThanOrEqual(19);
});

test("a cancelled task does not run, and cancelling after it ran is harmless", async () => {
  const ran: string[] = [];
  const cancel = systemClock.after(1, () => ran.push("cancelled"));
  cancel();
  await new Promise<void>((resolve) => {
    const late = systemClock.after(20, () => {
      late();
      resolve();
    });
  });
  expect(ran).toEqual([]);
});

test("a delay longer than timers can hold does not fire at once", async () => {
  const ran: string[] = [];
  const cancel = systemClock.after(2 ** 40, () => ran.push("early"));
  await new Promise<void>((resolve) => systemClock.after(20, resolve));
  cancel();
  expect(ran).toEqual([]);
});

test("deferred tasks run in order, after the microtasks of the present turn", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    systemClock.defer(() => order.push("first"));
    systemClock.defer(() => {
      order.push("second");
      resolve();
    });
    void Promise.resolve().then(() => order.push("microtask"));
    order.push("now");
  });
  expect(order).toEqual(["now", "microtask", "first", "second"]);
});

test.each(["bun", "node"])("timers do not keep a %s process alive", (runtime) => {
  // Node 20 reads no TypeScript: the transpiled source is what a package ships.
  const source = new Bun.Transpiler({ loader: "ts" }).transformSync(
    readFileSync(new URL("./system-clock.ts", import.meta.url), "utf8"),
  );
  const script = `${source.replace("export const", "const")}
    systemClock.after(600_000, () => {});
    systemClock.defer(() => console.log("deferred"));`;
  const flag = runtime === "bun" ? ["-e", script] : ["--input-type=module", "-e", script];
  const run = Bun.spawnSync([runtime === "bun" ? process.execPath : "node", ...flag], {
    timeout: 20_000,
  });
  expect(run.stderr.toString()).toBe("");
  expect(run.stdout.toString().trim()).toBe("deferred");
  expect(run.exitCode).toBe(0);
});

test("ids are 22 base64url characters and do not repeat", () => {
  const ids = new Set(Array.from({ length: 5_000 }, () => systemRandom.id()));
  expect(ids.size).toBe(5_000);
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
});

test("draws lie in [0, 1)", () => {
  for (let draw = 0; draw < 1_000; draw++) {
    const value = systemRandom.draw();
    expect(value >= 0 && value < 1).toBe(true);
  }
});
