import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Muster } from "@muster/core";
import { answerOf, apiOf, startNode, tokenOf } from "./http-kit.test.ts";
import { expectProblem } from "./problem-kit.test.ts";

let muster: Muster;
let api: ReturnType<typeof apiOf>;
beforeAll(async () => {
  muster = await startNode();
  api = apiOf(muster);
});
afterAll(() => muster.stop());

const post = (body: unknown, query = "") =>
  api.call("POST", `/v1/migrate/apps${query}`, { as: "admin", body });
const record = (id: string, status = "manually_disabled") => ({ id, version: "1.0.0", status });
const linesOf = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const sendLines = async (body: string | ReadableStream<Uint8Array>, query = "") =>
  answerOf(
    await api.app.request(`/v1/migrate/apps${query}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${tokenOf.admin}`,
        "content-type": "application/x-ndjson",
      },
      body,
      duplex: "half",
    } as RequestInit),
  );
const inPieces = (text: string, bytes: number) => {
  const all = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (at >= all.length) controller.close();
      else controller.enqueue(all.subarray(at, at + bytes));
      at += bytes;
    },
  });
};

describe("a list of records", () => {
  test("is migrated once, in the name of the caller", async () => {
    const records = [record("one"), record("two", "error_disabled"), { id: "odd", status: "no" }];
    const first = await post({ records, reason: "to Muster" });
    expect(first.status).toBe(200);
    expect(first.json).toMatchObject({ dryRun: false, total: 3, migrated: 2, refused: 1 });
    expect(first.json.items[2]).toMatchObject({ recordId: "odd", code: "status_unrecognised" });
    expect(muster.apps.get("one")).toMatchObject({
      desiredStatus: "disabled",
      changedBy: "anna",
      reason: "to Muster",
    });
    expect((await post({ records })).json).toMatchObject({ migrated: 0, already: 2, refused: 1 });
  });

  test.each([
    ["the body", { dryRun: true }, ""],
    ["the query", {}, "?dryRun=true"],
  ])("is only looked at when %s says so", async (_, more, query) => {
    const answer = await post({ records: [record("dry")], ...more }, query);
    expect(answer.json).toMatchObject({ dryRun: true, migrated: 1 });
    expect(muster.apps.local("dry")).toBeUndefined();
  });

  test("may be of the server's own records", async () => {
    const records = [{ _id: "r1", id: "poll", status: "auto_enabled", info: { version: "1.4.2" } }];
    const answer = await post({ records, format: "rocketchat" });
    expect(answer.json.items[0]).toMatchObject({ recordId: "r1", outcome: "migrated" });
    expect(muster.apps.get("poll")).toMatchObject({ version: "1.4.2", desiredStatus: "enabled" });
  });
});

describe("lines of records", () => {
  const many = Array.from({ length: 300 }, (_, n) => record(`line-${n}`));
  const text = many.map((one) => JSON.stringify(one)).join("\n");

  test("are answered line by line in their order, with a summary at the end", async () => {
    const answer = await sendLines(inPieces(text, 701), "?reason=by+lines");
    expect(answer.headers.get("content-type")).toStartWith("application/x-ndjson");
    const lines = linesOf(answer.text);
    expect(lines.slice(0, -1).map(({ appId, outcome }) => [appId, outcome])).toEqual(
      many.map(({ id }) => [id, "migrated"]),
    );
    expect(lines.at(-1)).toEqual({
      summary: {
        dryRun: false,
        ...{ total: 300, migrated: 300, already: 0, kept: 0, refused: 0, failed: 0 },
      },
    });
    expect(muster.apps.get("line-7").reason).toBe("by lines");
  });

  test("that are no JSON are refused one by one", async () => {
    const body = `{"id":"line-1"\n\n${JSON.stringify(record("line-2"))}\r\n"text"\n`;
    const [broken, whole, word, last] = linesOf((await sendLines(body)).text);
    expect([broken, whole, word].map(({ recordId, outcome }) => [recordId, outcome])).toEqual([
      ["#0", "refused"],
      ["line-2", "already"],
      ["#2", "refused"],
    ]);
    expect(last.summary.total).toBe(3);
  });

  test("end with the reason when one has no end", async () => {
    const body = `${JSON.stringify(record("line-3"))}\n${"x".repeat(1_100_000)}`;
    const answer = await sendLines(inPieces(body, 65_536));
    expectProblem(answer, "BODY_TOO_LARGE", 413);
    const sixteen = many.slice(0, 16).map((one) => JSON.stringify(one));
    const later = await sendLines([...sixteen, "x".repeat(1_100_000)].join("\n"));
    const lines = linesOf(later.text);
    expect(lines).toHaveLength(17);
    expect(lines.at(-1).error).toMatchObject({ code: "BODY_TOO_LARGE", status: 413 });
  });

  test("with no record at all have a summary", async () => {
    expect(linesOf((await sendLines("\n")).text)).toMatchObject([{ summary: { total: 0 } }]);
  });

  test("of somebody who may not are refused as a whole", async () => {
    const response = await api.app.request("/v1/migrate/apps", {
      method: "POST",
      headers: {
        authorization: `Bearer ${tokenOf.operator}`,
        "content-type": "application/x-ndjson",
      },
      body: text,
    });
    expectProblem(await answerOf(response), "FORBIDDEN", 403);
  });
});

describe("the legacy form", () => {
  const get = (query = "", headers = {}) =>
    api.call("GET", `/v1/migrate/apps${query}`, { as: "admin", headers });

  test("gives the records back, page by page", async () => {
    const seen: { id: string; status: string }[] = [];
    let cursor: string | undefined;
    do {
      const { json } = await get(`?limit=100${cursor === undefined ? "" : `&cursor=${cursor}`}`);
      seen.push(...json.items);
      cursor = json.nextCursor;
    } while (cursor !== undefined);
    expect(seen.map(({ id }) => id)).toEqual(muster.apps.list().items.map(({ id }) => id));
    expect(seen.find(({ id }) => id === "two")).toEqual(record("two", "error_disabled"));
  });

  test("comes as lines to those who accept them, the same", async () => {
    const lines = linesOf((await get("", { accept: "application/x-ndjson" })).text);
    expect(lines).toEqual((await get("?limit=500")).json.items);
  });

  test("follows the cursor of a list only", async () => {
    expectProblem(await get("?cursor=!"), "VALIDATION", 422);
  });
});
