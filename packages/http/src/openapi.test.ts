import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { errorCodes, type Muster } from "@muster/core";
import { z } from "zod";
import { apiOf, seedNode, startNode } from "./http-kit.test.ts";
import { httpCodes } from "./problem.ts";
import { bodyOf, fieldsOf, isChange, nameOf, pathOf, requiredOf } from "./problem-kit.test.ts";
import { allRoutes, routes } from "./routes/index.ts";

let muster: Muster;
let call: ReturnType<typeof apiOf>["call"];
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: readonly unknown[];
  readonly parameters: readonly { name: string; in: string; required: boolean }[];
  readonly requestBody?: { readonly required: boolean };
  readonly responses: Readonly<Record<string, unknown>>;
}
let paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;

beforeAll(async () => {
  muster = await startNode();
  ({ call } = apiOf(muster));
  await seedNode(muster);
  ({ paths } = (await call("GET", "/openapi.json")).json);
});
afterAll(() => muster.stop());

test("the document needs no token and is the same at each request", async () => {
  const [one, other] = [await call("GET", "/openapi.json"), await call("GET", "/openapi.json")];
  expect([one.status, one.json.openapi]).toEqual([200, "3.1.0"]);
  expect(other.headers.get("etag")).toBe(one.headers.get("etag"));
});

test("the document lists every route of the table and no other", () => {
  const listed = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(listed.sort()).toEqual(allRoutes.map(nameOf).sort());
});

test("operations have ids of their own", () => {
  const ids = Object.values(paths).flatMap((operations) =>
    Object.values(operations).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toContain("postV1AppsIdEnable");
});

describe.each(allRoutes.map((route) => [nameOf(route), route] as const))("%s", (name, route) => {
  test("is described as it behaves", () => {
    const operation = paths[route.path]?.[route.method];
    const names = operation?.parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
    expect(names).toEqual([
      ...fieldsOf(route.params).map((field) => `path ${field}`),
      ...fieldsOf(route.query).map((field) => `query ${field}`),
      ...(isChange(route) && !route.ofCaller ? ["header Idempotency-Key"] : []),
    ]);
    expect(
      operation?.parameters.filter(({ required }) => required).map((parameter) => parameter.name),
    ).toEqual([...fieldsOf(route.params), ...requiredOf(route)]);
    expect(operation?.requestBody?.required === true).toBe(
      route.body !== undefined && route.bodyOptional !== true,
    );
    expect(operation?.security?.length).toBe(route.role === "public" ? 0 : undefined);
    expect(Object.keys(operation?.responses ?? {})).toEqual([
      String(route.status ?? 200),
      "default",
    ]);
  });

  test("names only errors that there are", () => {
    for (const code of route.errors ?? []) {
      expect([...Object.keys(errorCodes), ...httpCodes]).toContain(code);
    }
  });

  test("answers what its schema says, to the last field", async () => {
    const answer = await call(route.method.toUpperCase(), pathOf(route), {
      as: "admin",
      ...(route.body && { body: bodyOf(route) }),
    });
    expect(answer.status).toBe(route.status ?? 200);
    const said = answer.json ?? answer.text;
    expect(route.answer.safeParse(said).error?.issues ?? []).toEqual([]);
    const schema = z.toJSONSchema(route.answer, { io: "output", unrepresentable: "any" });
    if (schema.additionalProperties === false) {
      const known = Object.keys(schema.properties ?? {});
      expect(Object.keys(answer.json).filter((field) => !known.includes(field))).toEqual([]);
    }
  });

  test("is named in the documentation", () => {
    const page = readFileSync(new URL("../../../docs/http-api.md", import.meta.url), "utf8");
    expect(page).toContain(`\`${name}\``);
  });
});

test("the documentation names every parameter of a query and every code of this layer", () => {
  const page = readFileSync(new URL("../../../docs/http-api.md", import.meta.url), "utf8");
  const parameters = new Set(routes.flatMap(({ query }) => fieldsOf(query)));
  const missing = [...parameters, ...httpCodes].filter((word) => !page.includes(`\`${word}\``));
  expect(missing).toEqual([]);
});
