import { describe, expect, test } from "bun:test";
import { fieldsOf, nameOf } from "./problem-kit.test.ts";
import { routes } from "./routes/index.ts";
import { useTable } from "./table-kit.test.ts";

const { send, expectRefused } = useTable();

/** For each parameter: values it must refuse. A new parameter needs its line. */
const wrong: Readonly<Record<string, readonly string[]>> = {
  bundle: ["", "1", "yes", "TRUE"],
  limit: ["0", "-1", "501", "1.5", "x", "", "NaN", "Infinity", "1e9", "%00", "[]"],
  cursor: ["", "not base64!", "YQ==", "%F0%9F%92%A9", "a".repeat(513)],
  desired: ["", "ENABLED", "on", "enabled,disabled"],
  initStatus: ["", "running", "AUTO_ENABLED"],
  reason: ["", "a".repeat(501)],
  force: ["", "1", "yes"],
  dryRun: ["", "1", "yes", "TRUE"],
  format: ["", "csv", "Plain"],
  unresolved: ["", "1", "yes", "TRUE"],
  kind: ["", "Seat", "a".repeat(64), "$dead-letters"],
  actor: ["", "a".repeat(601)],
  work: ["", "job", "MESSAGE"],
  app: ["", "a".repeat(601)],
  drifted: ["", "1", "yes", "TRUE"],
  node: ["", "a".repeat(65)],
  q: ["", "a".repeat(101)],
  include: ["", "all", "Nodes"],
  require: ["", "sql"],
  open: ["", "1", "yes", "TRUE"],
  a: ["", "Web-1", "a".repeat(65), "../x"],
  b: ["", "Web-1", "a".repeat(65), "../x"],
  for: ["", "sometime", "a".repeat(301)],
  generation: ["0", "-1", "1.5", "x", ""],
  since: ["", "yesterday", "2026-02-30T00:00:00Z", "-1", "1-", "a".repeat(65)],
  until: ["", "tomorrow", "2026-13-01T00:00:00Z", "1", "a".repeat(65)],
  types: ["", ",", "App", "a%20b", "*.x", "a".repeat(2_001)],
  subject: ["", "a".repeat(601)],
  by: ["", "a".repeat(201)],
  timeoutMs: ["-1", "60001", "1.5", "x", "Infinity"],
};

describe.each(routes.map((route) => [nameOf(route), route] as const))("%s", (_, route) => {
  test("refuses an unknown query parameter and names it", async () => {
    for (const name of ["bogus", "__proto__", "constructor", "Limit", "limit[]", "a".repeat(300)]) {
      const query = `?${encodeURIComponent(name)}=1`;
      const answer = await expectRefused(() => send(route, { query }), "VALIDATION", 422);
      expect(Object.entries(answer.json.fieldErrors)).toEqual([
        [name.slice(0, 100), "is not known"],
      ]);
      expect(answer.json.success).toBe(false);
    }
  });

  test.each(fieldsOf(route.query).map((name) => [name] as const))(
    "refuses wrong values of the query parameter %s",
    async (name) => {
      const values = wrong[name];
      if (!values) throw new Error(`no wrong values are known for the query parameter "${name}"`);
      for (const value of values) {
        const query = `?${name}=${value}`;
        const answer = await expectRefused(() => send(route, { query }), "VALIDATION", 422);
        expect(Object.keys(answer.json.fieldErrors)).toEqual([name]);
      }
    },
  );

  test.each(fieldsOf(route.query).map((name) => [name] as const))(
    "refuses the query parameter %s given twice",
    async (name) => {
      const query = `?${name}=1&${name}=1`;
      const answer = await expectRefused(() => send(route, { query }), "VALIDATION", 422);
      expect(answer.json.fieldErrors).toEqual({ [name]: "is given twice" });
    },
  );
});
