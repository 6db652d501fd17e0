import { describe, expect, test } from "bun:test";
import { cleanUpAfterEach, fakeNode, muster } from "../cli-kit.test.ts";

cleanUpAfterEach();

const report = (findings: readonly object[], more = 0) => ({
  clean: findings.length === 0,
  checks: [
    { check: "shards", title: "t", looked: 16, findings: 0, skipped: 0 },
    { check: "timers", title: "t", looked: 9, findings: findings.length, skipped: 3 },
  ],
  findings,
  more,
  asOf: "2026-05-01T12:00:00.000Z",
});
const finding = {
  check: "timers",
  subject: "shard/3",
  message: "a timer cannot be read",
  remedy: "Delete it.",
};

describe("muster verify", () => {
  test("ends with 0 when nothing is found, and tells how much was looked at", async () => {
    const { url, asked } = await fakeNode(() => ({ body: report([]) }));
    const ran = await muster(["verify", "--url", url]);
    expect(ran.code).toBe(0);
    expect(asked.map(({ path }) => path)).toEqual(["/v1/verify"]);
    expect(ran.out).toBe(
      [
        "clean",
        "",
        "CHECK   LOOKED AT  FINDINGS  SKIPPED",
        "shards  16         0         -",
        "timers  9          1         3".replace("1  ", "0  "),
        "",
      ].join("\n"),
    );
  });

  test("ends with 3 and tells each finding with what to do", async () => {
    const { url } = await fakeNode(() => ({ body: report([finding], 2) }));
    const ran = await muster(["verify", "--url", url]);
    expect(ran.code).toBe(3);
    expect(ran.out).toStartWith(
      "3 findings\n  ✗ shard/3: a timer cannot be read\n      Delete it.\n  and 2 more\n",
    );
  });

  test("prints the answer itself as JSON, and findings as lines", async () => {
    const { url } = await fakeNode(() => ({ body: report([finding]) }));
    const whole = await muster(["verify", "--json", "--url", url]);
    expect([whole.code, JSON.parse(whole.out)]).toEqual([3, report([finding])]);
    const lines = await muster(["verify", "-o", "jsonl", "--url", url]);
    expect(lines.out).toBe(`${JSON.stringify(finding)}\n`);
  });
});
