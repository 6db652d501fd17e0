/** What holds for every refusal of the API, and valid requests made from the route table. */
import { expect } from "bun:test";
import { errorCodes } from "@muster/core";
import { z } from "zod";
import { type Answer, seeded } from "./http-kit.test.ts";
import { httpCodes, type ProblemCode } from "./problem.ts";
import type { Route } from "./route.ts";
import { problem } from "./schemas/shared.ts";

const codes = new Set<string>([...Object.keys(errorCodes), ...httpCodes]);
/** What no refusal may show: places in code, paths of this machine, names of error classes. */
const inside = /\bat .+:\d+:\d+|node_modules|\/packages\/|\b(Type|Range|Reference)Error\b|ZodError/;

/** Checks that an answer is a problem as documented, and which. */
export const expectProblem = (answer: Answer, code?: ProblemCode, status?: number): void => {
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const parsed = z.strictObject(problem.shape).safeParse(answer.json);
  expect(parsed.error?.issues ?? []).toEqual([]);
  expect(codes).toContain(answer.json.code);
  expect(answer.json.type).toBe(`urn:muster:error:${answer.json.code}`);
  expect(answer.json.status).toBe(answer.status);
  expect(answer.json.requestId).toBe(answer.headers.get("x-request-id"));
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.text).not.toMatch(inside);
  if (answer.status === 503 || answer.status === 429) {
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  }
  if (code !== undefined) expect(answer.json.code).toBe(code);
  if (status !== undefined) expect(answer.status).toBe(status);
};

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
}

/** Words to try where a pattern asks for one: add to them when a new route asks for another. */
const words = ["sample-1", "1.0.0", "2999-05-01T12:00:00Z", "0 9 * * *", "POST /sample"];

const sampleOf = (schema: JsonSchema, field: string): unknown => {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf?.[0]) return sampleOf(schema.anyOf[0], field);
  switch (schema.type) {
    case "string": {
      if (field === "until") return new Date(Date.now() + 3_600_000).toISOString();
      const word = words.find((text) => new RegExp(schema.pattern ?? "").test(text));
      if (word === undefined) throw new Error(`no sample for "${field}": ${schema.pattern}`);
      return word;
    }
    case "integer":
    case "number":
      return schema.minimum ?? 1;
    case "boolean":
      return true;
    case "array":
      return [];
    default:
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [
          name,
          sampleOf(schema.properties?.[name] ?? {}, name),
        ]),
      );
  }
};

const jsonSchemaOf = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;

/** A body with every required field, made from the route's schema. */
export const bodyOf = (route: Route): Record<string, unknown> =>
  route.body ? { ...requiredBodyOf(route), ...bodies[nameOf(route)] } : {};

export const requiredBodyOf = (route: Route): Record<string, unknown> =>
  route.body ? (sampleOf(jsonSchemaOf(route.body), "body") as Record<string, unknown>) : {};

/** What a request needs besides to be answered well each time it is sent. */
const bodies: Readonly<Record<string, object>> = {
  "POST /v1/dead-letters/{id}/replay": { again: true },
  "POST /v1/migrate/apps": { records: [{ id: "moved", version: "1.0.0", status: "disabled" }] },
  "POST /v1/dead-letters/replay": { filter: { app: "none" } },
};

export const fieldsOf = (schema: z.ZodObject | undefined): readonly string[] =>
  Object.keys(schema?.shape ?? {});

/** For each query parameter that a route cannot do without: a value it takes. */
const queries: Readonly<Record<string, string>> = {
  ...{ a: "web-1", b: "web-1", for: "nodes=1" },
  reason: "sample-1",
};

/** Parameters of the query that the route cannot do without. */
export const requiredOf = ({ query }: Route): readonly string[] =>
  query ? (jsonSchemaOf(query).required ?? []) : [];

/** Adds to `query` (`?…` or nothing) what the route cannot do without and is not in it. */
export const withRequired = (route: Route, query = ""): string => {
  const given = new URLSearchParams(query.split("#", 1)[0]);
  const added = requiredOf(route)
    .filter((name) => !given.has(name))
    .map((name) => {
      const value = queries[name];
      if (value === undefined) throw new Error(`no sample for the query parameter "${name}"`);
      return `${name}=${encodeURIComponent(value)}`;
    });
  if (added.length === 0) return query;
  return `${query === "" ? "?" : `${query}&`}${added.join("&")}`;
};

/** Ids of what is there for changes that need it to be in some state, by the name of the route. */
export const subjectsOfRoutes: Readonly<Record<string, string>> = {
  "DELETE /v1/apps/{id}": "leaving",
  "POST /v1/apps/{id}/rollback": "updated",
  "POST /v1/apps/{id}/ack-drift": "drifting",
};

const subjects: readonly {
  readonly under: string;
  readonly id: string;
  readonly missing: ProblemCode;
}[] = [
  {
    under: "/v1/dead-letters/{id}/resolve",
    get id() {
      return seeded.otherLetter;
    },
    missing: "DEAD_LETTER_NOT_FOUND",
  },
  {
    under: "/v1/dead-letters",
    get id() {
      return seeded.letter;
    },
    missing: "DEAD_LETTER_NOT_FOUND",
  },
  { under: "/v1/explain/shard", id: "0", missing: "SHARD_NOT_FOUND" },
  { under: "/v1/explain/actor", id: "clerk", missing: "ACTOR_NOT_FOUND" },
  { under: "/v1/actors", id: "clerk", missing: "ACTOR_NOT_FOUND" },
  { under: "/v1/nodes", id: "web-1", missing: "NODE_NOT_FOUND" },
  { under: "/v1/alerts", id: "sample:crm-sync:test", missing: "ALERT_NOT_FOUND" },
  { under: "/v1/losses", id: "all", missing: "LOSS_NOT_FOUND" },
  { under: "/", id: "crm-sync", missing: "APP_NOT_FOUND" },
];

const subjectOf = ({ path }: Route) => subjects.find(({ under }) => path.startsWith(under));

/** The route's path with its parameter filled in: an id that is there, or the one given. */
export const barePathOf = (
  route: Route,
  id = subjectsOfRoutes[nameOf(route)] ?? subjectOf(route)?.id ?? "",
): string => route.path.replaceAll(/\{\w+\}/g, id);

/** What the route answers to an id that nothing has. */
export const missingCodeOf = (route: Route) => subjectOf(route)?.missing;

/** The route's path with all that it cannot do without. */
export const pathOf = (route: Route, id?: string): string =>
  `${barePathOf(route, id)}${withRequired(route)}`;

export const nameOf = ({ method, path }: Route): string => `${method.toUpperCase()} ${path}`;

/** Whether the route is one that changes something. */
export const isChange = ({ method }: Route): boolean => method !== "get";
