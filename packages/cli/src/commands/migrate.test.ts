import { describe, expect, test } from "bun:test";
import { cleanUpAfterEach, fakeNode, folderWith, muster, problem } from "../cli-kit.test.ts";

cleanUpAfterEach();

const record = (id: string, more = {}) => ({ id, status: "error_disabled", ...more });
interface Sent {
  readonly records: readonly { readonly id?: string }[];
}
const node = () =>
  fakeNode(({ body }) => {
    const { records } = body as Sent;
    const items = records.map(({ id }, index) => ({
      ...{ index, recordId: id ?? `#${index}`, appId: id ?? null },
      ...{ legacyStatus: "error_disabled", desiredStatus: "enabled", initStatus: "error_disabled" },
      ...(id === "odd"
        ? { outcome: "refused", code: "status_unrecognised", reason: "no such status" }
        : { outcome: "migrated", code: "migrated", reason: "the failure was the node's" }),
    }));
    const refused = items.filter(({ outcome }) => outcome === "refused").length;
    const migrated = items.length - refused;
    const counts = { total: items.length, migrated, already: 0, kept: 0, refused, failed: 0 };
    return { body: { dryRun: false, ...counts, items } };
  });
const idsOf = (body: unknown) => (body as Sent).records.map(({ id }) => id);

describe("muster migrate apps --from", () => {
  const list = [record("crm"), record("erp")];
  test.each([
    ["a list", JSON.stringify(list)],
    ["a list under records", { records: list }],
    ["an exported list", { items: list, asOf: "x" }],
    ["lines", `${list.map((one) => JSON.stringify(one)).join("\r\n")}\n\n`],
  ])("sends %s, and shows each record with its mapping and reason", async (_, content) => {
    const { url, asked } = await node();
    const cwd = folderWith({ "records.json": content });
    const ran = await muster(["migrate", "apps", "--from", "records.json", "--url", url], { cwd });
    expect([ran.code, ran.err]).toEqual([0, "muster: 2 records: 2 migrated\n"]);
    expect(asked[0]).toMatchObject({ method: "POST", path: "/v1/migrate/apps" });
    expect(asked[0]?.body).toEqual({ records: list });
    expect(ran.out).toMatch(
      /crm +crm +error_disabled +enabled +error_disabled +migrated +the failure was the node's/,
    );
  });

  test("says what is asked for: a dry run, the format, why", async () => {
    const { url, asked } = await node();
    const flags = ["--dry-run", "--format", "rocketchat", "--reason", "to Muster"];
    const input = JSON.stringify(list);
    const ran = await muster(["migrate", "apps", "--from", "-", ...flags, "--url", url], { input });
    expect(asked[0]?.body).toEqual({
      records: list,
      dryRun: true,
      format: "rocketchat",
      reason: "to Muster",
    });
    expect(ran.err).toBe("muster: dry run: 2 records: 2 migrated\n");
  });

  test("ends with 1 when a record was refused", async () => {
    const { url } = await node();
    const input = JSON.stringify([record("crm"), record("odd")]);
    const args = ["migrate", "apps", "--from", "-", "--json", "--url", url];
    const ran = await muster(args, { input });
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({ total: 2, migrated: 1, refused: 1 });
  });

  test("sends many records in requests that a node takes, and adds up what came of them", async () => {
    const { url, asked } = await node();
    const many = Array.from({ length: 12 }, (_, n) =>
      record(`app-${n}`, { icon: "x".repeat(2e5) }),
    );
    const args = ["migrate", "apps", "--from", "-", "-o", "jsonl", "--url", url];
    const { out } = await muster(args, { input: JSON.stringify(many) });
    expect(asked.map(({ body }) => idsOf(body).length)).toEqual([4, 4, 4]);
    const items = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(items.map(({ appId, index }) => [appId, index])).toEqual(
      many.map(({ id }, index) => [id, index]),
    );
  });

  test.each([
    ["no file", [], "migrate apps needs --from FILE"],
    ["a file that is not there", ["--from", "gone.json"], "gone.json cannot be read"],
    ["a line that is no JSON", ["--from", "-"], "line 2 is not JSON"],
    ["another format", ["--from", "-", "--format", "csv"], "--format csv is not known"],
    ["both ways at once", ["--from", "-", "--export"], "contradict each other"],
  ])("refuses %s", async (_, args, message) => {
    const { url, asked } = await node();
    const cwd = folderWith();
    const around = { cwd, input: '{"id":"crm"}\n{"id":' };
    const { code, err } = await muster(["migrate", "apps", ...args, "--url", url], around);
    expect([code, asked.length]).toEqual([2, 0]);
    expect(err).toContain(message);
  });

  test("refuses a record that fits no request", async () => {
    const { url, asked } = await node();
    const input = JSON.stringify([record("crm", { icon: "x".repeat(1e6) })]);
    const { code, err } = await muster(["migrate", "apps", "--from", "-", "--url", url], { input });
    expect([code, asked.length]).toEqual([2, 0]);
    expect(err).toContain("record 1 has 1000");
  });

  test("ends as the node says", async () => {
    const { url } = await fakeNode(() => problem(403, "FORBIDDEN"));
    const args = ["migrate", "apps", "--from", "-", "--url", url];
    expect((await muster(args, { input: '[{"id":"crm"}]' })).code).toBe(4);
  });
});

describe("muster migrate apps --export", () => {
  test("prints all records, page after page, as a file that --from takes", async () => {
    const all = [record("crm"), record("erp")];
    const { url, asked } = await fakeNode(({ query }) =>
      query["cursor"] === undefined
        ? { body: { items: all.slice(0, 1), nextCursor: "c1", asOf: "x", stale: false } }
        : { body: { items: all.slice(1), asOf: "x", stale: false } },
    );
    const args = ["migrate", "apps", "--export", "--format", "rocketchat", "--url", url];
    const { code, err, out } = await muster(args);
    expect([code, err, JSON.parse(out)]).toEqual([0, "muster: 2 apps\n", all]);
    expect(asked[0]?.query).toEqual({ format: "rocketchat", limit: "100" });
    expect((await muster([...args, "-o", "jsonl"])).out).toBe(
      all.map((one) => `${JSON.stringify(one)}\n`).join(""),
    );
  });
});
