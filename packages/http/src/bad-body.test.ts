import { describe, expect, test } from "bun:test";
import { answerOf, apiOf, tokenOf } from "./http-kit.test.ts";
import {
  bodyOf,
  expectProblem,
  fieldsOf,
  nameOf,
  pathOf,
  requiredBodyOf,
} from "./problem-kit.test.ts";
import { useTable, withBody, withReason } from "./table-kit.test.ts";

const { send, expectRefused, muster } = useTable();

const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const noJson = [
  "",
  " ",
  "{",
  "}",
  "{'reason':'x'}",
  "undefined",
  "{}{}",
  '{"a":01}',
  '{"a"',
  "\u0000",
];
const noObject = ["null", "1", '"text"', "true", "[]", '[{"reason":"x"}]'];
const wrongTypes = [
  null,
  0,
  -1,
  1.5,
  true,
  "",
  [],
  [[]],
  {},
  { a: { b: [null] } },
  "\u0000",
  "x".repeat(5_000),
];

/** Values of `wrongTypes` that a field takes all the same. A new field may need its line. */
const takes = (field: string, value: unknown): boolean =>
  (field === "records" && Array.isArray(value)) ||
  (field === "settings" && typeof value === "object" && value !== null && !Array.isArray(value)) ||
  (field === "ref" && value === "\u0000") ||
  (["force", "again", "dryRun"].includes(field) && value === true) ||
  (field === "ratePerSecond" && value === 1.5) ||
  (field === "filter" && JSON.stringify(value) === "{}") ||
  (field === "owner" && typeof value === "string" && value.length === 1) ||
  (field === "licence" && (value === null || (typeof value === "string" && value.trim() !== ""))) ||
  (field === "reason" && value === "\u0000");

describe.each(withBody.map((route) => [nameOf(route), route] as const))("%s", (_, route) => {
  test("refuses a body that is no JSON", async () => {
    for (const body of [...noJson, "{".repeat(50_000)]) {
      await expectRefused(() => send(route, { body }), "MALFORMED_JSON", 400);
    }
  });

  test("refuses a body that is not UTF-8", async () => {
    const { app } = apiOf(muster());
    const response = await app.request(pathOf(route), {
      method: route.method.toUpperCase(),
      headers: {
        authorization: `Bearer ${tokenOf.admin}`,
        "content-type": "application/json",
      },
      body: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    });
    expectProblem(await answerOf(response), "MALFORMED_JSON", 400);
  });

  test("refuses JSON that is no object, however deep", async () => {
    for (const body of [...noObject, deep(1_000), deep(60_000)]) {
      await expectRefused(() => send(route, { body }), "VALIDATION", 422);
    }
  });

  test("refuses a body that is not called JSON", async () => {
    for (const type of [
      "",
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/jsonx",
      "text/json",
    ]) {
      const request = () => send(route, { headers: { "content-type": type } });
      await expectRefused(request, "UNSUPPORTED_MEDIA_TYPE", 415);
    }
  });

  test("refuses unknown fields and names each", async () => {
    const plain = JSON.stringify(bodyOf(route)).slice(1, -1);
    for (const name of [
      "bogus",
      "__proto__",
      "constructor",
      "prototype",
      "toString",
      "Reason",
      "by",
      "role",
    ]) {
      const body = `{${plain}${plain && ","}"${name}":{"role":"admin"}}`;
      const answer = await expectRefused(() => send(route, { body }), "VALIDATION", 422);
      expect(Object.entries(answer.json.fieldErrors)).toEqual([[name, "is not known"]]);
      expect(answer.json.outcome).toBe("not-applied");
    }
    expect(({} as Record<string, unknown>)["role"]).toBeUndefined();
  });

  test("names at most fifty of very many unknown fields", async () => {
    const many = Array.from({ length: 5_000 }, (_unused, index) => [`f${index}`, index]);
    const body = { ...bodyOf(route), ...Object.fromEntries(many) };
    const answer = await expectRefused(() => send(route, { body }), "VALIDATION", 422);
    expect(Object.keys(answer.json.fieldErrors)).toHaveLength(50);
  });

  test.each(fieldsOf(route.body).map((field) => [field] as const))(
    "refuses %s of a wrong type",
    async (field) => {
      for (const value of wrongTypes.filter((candidate) => !takes(field, candidate))) {
        const body = { ...bodyOf(route), [field]: value };
        const answer = await expectRefused(() => send(route, { body }), "VALIDATION", 422);
        const fields = Object.keys(answer.json.fieldErrors).map((name) => name.split(".")[0]);
        expect(fields).toEqual([field]);
      }
    },
  );

  test("names every missing field at once", async () => {
    const answer = await expectRefused(() => send(route, { body: {} }), "VALIDATION", 422);
    expect(Object.keys(answer.json.fieldErrors).sort()).toEqual(
      Object.keys(requiredBodyOf(route)).sort(),
    );
  });
});

describe.each(withReason.map((route) => [nameOf(route), route] as const))("%s", (_, route) => {
  test("refuses a reason that is missing, blank or over 500 characters", async () => {
    const { reason: _reason, ...rest } = bodyOf(route);
    for (const reason of [undefined, "", "   ", "\n\t", "x".repeat(501)]) {
      const request = () => send(route, { body: { ...rest, reason } });
      const answer = await expectRefused(request, "VALIDATION", 422);
      expect(Object.keys(answer.json.fieldErrors)).toEqual(["reason"]);
      expect(answer.json.success).toBe(false);
    }
  });

  test("takes a reason of 500 characters", async () => {
    const answer = await send(route, { body: { ...bodyOf(route), reason: "x".repeat(500) } });
    expect(answer.status).toBeLessThan(300);
  });
});

test("an app's settings are refused where an actor could not keep them", async () => {
  const install = withBody.find(({ path }) => path === "/v1/apps");
  if (!install) throw new Error("apps can be installed");
  const body = (settings: string) =>
    `{"id":"other","version":"1.0.0","reason":"x","settings":${settings}}`;
  for (const settings of [
    '{"__proto__":{}}',
    '{"a":{"__proto__":1}}',
    `{"a":${deep(40)}}`,
    `{"a":${deep(60_000)}}`,
    `{"a":"${"x".repeat(40_000)}"}`,
  ]) {
    const answer = await expectRefused(
      () => send(install, { body: body(settings) }),
      "VALIDATION",
      422,
    );
    expect(Object.keys(answer.json.fieldErrors)).toEqual(["settings"]);
  }
});
