import { describe, expect, test } from "bun:test";
import { cleanUpAfterEach, fakeNode, muster, problem } from "../cli-kit.test.ts";

cleanUpAfterEach();

const shard = {
  subject: "shard/3",
  shard: 3,
  owner: null,
  mailbox: { entries: 2, messages: 7, oldestMs: 12 },
  sentence: "Its owner web-1 is lost",
  next: "web-2 claims it within seconds.",
  command: "muster nodes",
};

describe("muster explain", () => {
  test("tells why a shard is as it is, what happens next, and the facts", async () => {
    const { url, asked } = await fakeNode(() => ({ body: shard }));
    const ran = await muster(["explain", "shard/3", "--url", url]);
    expect(asked[0]?.path).toBe("/v1/explain/shard/3");
    expect(ran.out).toBe(
      [
        "shard/3  Its owner web-1 is lost",
        "web-2 claims it within seconds.",
        "  muster nodes",
        "",
        "shard    3",
        "owner    -",
        "mailbox  entries 2, messages 7, oldestMs 12",
        "",
      ].join("\n"),
    );
  });

  test.each([
    [["explain", "actor/vault/a/b c"], "/v1/explain/actor/vault/a%2Fb%20c"],
    [["actors", "get", "vault", "one"], "/v1/explain/actor/vault/one"],
  ])("%p asks for the actor", async (args, path) => {
    const { url, asked } = await fakeNode(() => problem(404, "ACTOR_NOT_FOUND"));
    expect((await muster([...args, "--url", url])).code).toBe(5);
    expect(asked[0]?.path).toBe(path);
  });

  test.each([["shard/x"], ["shard/"], ["actor/vault"], ["node/web-1"], ["x"]])(
    "%p is refused with the forms there are",
    async (subject) => {
      const ran = await muster(["explain", subject]);
      expect(ran.code).toBe(2);
      expect(ran.err).toContain("actor/KIND/ID");
    },
  );
});
