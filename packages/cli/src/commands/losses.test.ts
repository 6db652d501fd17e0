import { describe, expect, test } from "bun:test";
import { cleanUpAfterEach, fakeNode, muster, problem } from "../cli-kit.test.ts";

cleanUpAfterEach();

const loss = (id: string, more = {}) => ({
  id,
  subject: "shard-3",
  range: "commits 2 to 4 of epoch 17",
  remedy: "look",
  commits: { from: { epoch: 17, seq: 1 }, to: { epoch: 17, seq: 4 } },
  batches: 0,
  foundAt: "2025-01-01T00:00:00.000Z",
  foundBy: "web-1",
  expiresAt: "2025-01-02T00:00:00.000Z",
  acknowledged: null,
  ...more,
});
const seen = { acknowledged: { by: "ops", reason: "seen", at: "2025-01-01T01:00:00.000Z" } };
const listing = {
  items: [loss("shard-3-a"), loss("shard-4-b", seen)],
  asOf: "2025-01-01T01:30:00.000Z",
  stale: false,
};

describe("muster losses", () => {
  test("lists what is gone, and who has seen it", async () => {
    const { url } = await fakeNode(() => ({ body: listing }));
    expect((await muster(["losses", "--url", url])).out).toBe(
      [
        "FINDING    LOST                        FOUND  ACKNOWLEDGED",
        "shard-3-a  commits 2 to 4 of epoch 17  1h30m  no",
        "shard-4-b  commits 2 to 4 of epoch 17  1h30m  ops",
        "",
      ].join("\n"),
    );
  });

  test.each([
    ["one finding", ["shard-3-a"], "/v1/losses/shard-3-a/ack"],
    ["all of them", ["--all"], "/v1/losses/all/ack"],
  ])("acknowledges %s, with a reason", async (_, args, path) => {
    const { url, asked } = await fakeNode(() => ({ body: { items: [loss("shard-3-a", seen)] } }));
    const ran = await muster(["losses", "ack", ...args, "--reason", "seen", "--url", url]);
    expect(asked).toMatchObject([{ method: "POST", path, body: { reason: "seen" } }]);
    expect(ran.code).toBe(0);
    expect(ran.err).toStartWith("muster: 1 finding is acknowledged");
    expect(ran.out).toContain("shard-3-a");
  });

  test("a dry run names what it would acknowledge and sends nothing", async () => {
    const { url, asked } = await fakeNode(() => ({ body: listing }));
    const args = ["losses", "ack", "--all", "--dry-run", "-o", "name", "--url", url];
    expect((await muster(args)).out).toBe("shard-3-a\n");
    expect(asked.map(({ method }) => method)).toEqual(["GET"]);
  });

  test.each([[[]], [["shard-3-a", "--all"]]])("asks for one of both: %p", async (args) => {
    expect((await muster(["losses", "ack", ...args, "--reason", "x"])).code).toBe(2);
  });

  test("a finding that is not there ends with 5", async () => {
    const { url } = await fakeNode(() => problem(404, "LOSS_NOT_FOUND"));
    const args = ["losses", "ack", "shard-9-z", "--reason", "x", "--url", url];
    expect((await muster(args)).code).toBe(5);
  });
});
