/** The OpenAPI document of all routes, itself included. */
import { z } from "zod";
import { openApiDocument } from "../openapi.ts";
import { defineRoute, type Route } from "../route.ts";

/** Makes the route; the document is made at the first request for it. */
export const documentRoute = (routes: () => readonly Route[], version: string): Route => {
  let made: unknown;
  return defineRoute({
    method: "get",
    path: "/openapi.json",
    tag: "Document",
    summary: "This document",
    role: "public",
    answer: z.looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) }),
    handle: () => {
      made ??= openApiDocument(routes(), version);
      return { body: made, cacheable: true };
    },
  });
};
