import { describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { cleanUpAfterEach, fakeNode, folderWith, muster } from "../cli-kit.test.ts";

cleanUpAfterEach();

const fine = { id: "runtime", title: "Runtime", state: "ok", message: "bun", remedy: null };
const off = {
  id: "redis-persistence",
  title: "Persistence",
  state: "warn",
  message: "it is off",
  remedy: "Turn it on.",
};
const report = (well: boolean, checks: readonly object[] = [fine, off]) => ({
  well,
  checks,
  asOf: "2026-05-01T12:00:00.000Z",
});

describe("muster doctor", () => {
  test("tells each precondition, and what to do about those that do not hold", async () => {
    const { url } = await fakeNode(() => ({ body: report(true) }));
    const ran = await muster(["doctor", "--url", url]);
    expect(ran.out).toBe("✓ Runtime: bun\n! Persistence: it is off\n    Turn it on.\n");
    expect(ran.code).toBe(0);
  });

  test("ends with 3 when one is bad", async () => {
    const { url } = await fakeNode(() => ({ body: report(false, [{ ...off, state: "bad" }]) }));
    const ran = await muster(["doctor", "--json", "--url", url]);
    expect([ran.code, JSON.parse(ran.out).well]).toEqual([3, false]);
  });

  test("writes the bundle for its owner alone, and over no file that is there", async () => {
    const { url, asked } = await fakeNode(() => ({
      body: { ...report(true), bundle: { format: 1 } },
    }));
    const cwd = folderWith({});
    const args = ["doctor", "--bundle", "bundle.json", "--url", url];
    const ran = await muster(args, { cwd });
    expect([ran.code, asked[0]?.path, asked[0]?.query]).toEqual([
      0,
      "/v1/doctor",
      { bundle: "true" },
    ]);
    const file = join(cwd, "bundle.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ format: 1 });
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(ran.out).not.toContain("format");
    expect((await muster(args, { cwd })).code).toBe(1);
  });

  test("with --redis asks no node, and ends with 3 where there is no Redis", async () => {
    const ran = await muster(["doctor", "--redis", "redis://:planted@127.0.0.1:1", "--json"]);
    expect(ran.code).toBe(3);
    const { checks } = JSON.parse(ran.out);
    expect(checks.map(({ id, state }: typeof fine) => `${state} ${id}`)).toEqual([
      "ok runtime",
      "bad redis-mode",
    ]);
    expect(ran.out + ran.err).not.toContain("planted");
  });

  test.each([[["--redis", "http://h"]], [["--redis", "redis://h", "--bundle", "x"]]])(
    "%p is refused",
    async (args) => {
      expect((await muster(["doctor", ...args])).code).toBe(2);
    },
  );
});
