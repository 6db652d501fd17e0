import { describe, expect, test } from "bun:test";
import { cleanUpAfterEach, fakeNode, muster } from "../cli-kit.test.ts";
import { exitCodes } from "../exit-codes.ts";

cleanUpAfterEach();

const window = { from: "2027-01-15T07:00:00.000Z", to: "2027-01-15T09:00:00.000Z" };
const entry = {
  id: "1800000000000-1",
  type: "reconciler.mode.changed",
  subject: "reconciler/main",
  at: "2027-01-15T08:00:00.000Z",
  by: "otto",
  reason: "a look first",
  data: { next: { mode: "observe" } },
};

describe("muster audit", () => {
  test("lists who changed what and why, and what the list covers", async () => {
    const { url } = await fakeNode(() => ({ body: { items: [entry], window } }));
    expect((await muster(["audit", "--url", url])).out).toBe(
      [
        "AT                        TYPE                     SUBJECT          BY    WHAT",
        "2027-01-15T08:00:00.000Z  reconciler.mode.changed  reconciler/main  otto  a look first",
        "(covers 2027-01-15T07:00:00.000Z to 2027-01-15T09:00:00.000Z)",
        "",
      ].join("\n"),
    );
  });

  test("passes on what is chosen", async () => {
    const node = await fakeNode(() => ({ body: { items: [], window } }));
    const chosen = ["--by", "otto", "--subject", "app/crm", "--since", "1-9", "--limit", "5"];
    await muster(["audit", ...chosen, "--url", node.url]);
    expect(node.asked[0]).toMatchObject({
      path: "/v1/audit",
      query: { by: "otto", subject: "app/crm", since: "1-9", limit: "5" },
    });
  });

  test("a time that is none is a wrong use", async () => {
    const { code, err } = await muster(["audit", "--since", "soon", "--url", "http://127.0.0.1:1"]);
    expect(code).toBe(exitCodes.usage);
    expect(err).toContain("--since");
  });
});
