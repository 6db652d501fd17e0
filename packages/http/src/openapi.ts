/** The OpenAPI 3.1 document, made from the same table and schemas that the routes run by. */
import { z } from "zod";
import type { Route } from "./route.ts";
import { problem } from "./schemas/shared.ts";

const jsonSchema = (schema: z.ZodType, io: "input" | "output"): unknown => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
};

const parameters = (schema: z.ZodObject | undefined, place: "path" | "query"): unknown[] =>
  Object.entries(schema?.shape ?? {}).map(([name, part]) => ({
    name,
    in: place,
    required: place === "path" || !(part as z.ZodType).safeParse(undefined).success,
    schema: jsonSchema(part as z.ZodType, "input"),
  }));

const keyHeader = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "Under the same key the same change is made once, however often it is sent.",
  schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,255}$" },
};

const content = (schema: z.ZodType, io: "input" | "output", type = "application/json") => ({
  [type]: { schema: jsonSchema(schema, io) },
});

const operation = (route: Route): unknown => ({
  operationId: `${route.method}${route.path.replaceAll(/[^a-zA-Z0-9]+(\w)?/g, (_, c) => (c ?? "").toUpperCase())}`,
  tags: [route.tag],
  summary: route.summary,
  ...(route.role === "public" && { security: [] }),
  description: route.role === "public" ? "Needs no token." : `Needs the role ${route.role}.`,
  parameters: [
    ...parameters(route.params, "path"),
    ...parameters(route.query, "query"),
    ...(route.method === "get" || route.ofCaller ? [] : [keyHeader]),
  ],
  ...(route.body && {
    requestBody: { required: !route.bodyOptional, content: content(route.body, "input") },
  }),
  responses: {
    [String(route.status ?? 200)]: {
      description: route.summary,
      content: {
        ...content(route.answer, "output", route.answerType),
        ...(route.stream && { "text/event-stream": { schema: { type: "string" } } }),
      },
    },
    default: {
      description: `A problem${route.errors ? `, such as ${route.errors.join(", ")}` : ""}`,
      content: content(problem, "output", "application/problem+json"),
    },
  },
});

export const openApiDocument = (routes: readonly Route[], version: string): unknown => {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = paths[route.path] ?? {};
    path[route.method] = operation(route);
    paths[route.path] = path;
  }
  return {
    openapi: "3.1.0",
    info: { title: "Muster", version, description: "Status and control of a cluster." },
    servers: [{ url: "." }],
    security: [{ bearer: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "muster-session" },
      },
    },
  };
};
