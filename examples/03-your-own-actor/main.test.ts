import { expect, test } from "bun:test";
import { join } from "node:path";

test("the order is paid after two failures of the bank, the stock goes down once", async () => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts")], {
    env: { ...process.env, REDIS_URL: "" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  expect({ err, code }).toEqual({ err: "", code: 0 });
  expect(out).toContain("status: paid");
  expect(out).toContain("lamps left: 8");
  expect(out).toContain("this node sees order-1: lamp is paid");
  expect(out).toMatch(/placed again:.*placed-already/s);
  expect(out).toMatch(/too many:.*too-many/s);
  expect(out).toMatch(/same key again:.*ok: true/s);
}, 30_000);
