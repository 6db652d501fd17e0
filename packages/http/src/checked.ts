/** Checks what came from outside against a schema; names every wrong field at once. */
import type { z } from "zod";
import { HttpProblem } from "./problem.ts";

const maxFields = 50;
const shown = (field: string): string => field.slice(0, 100);

/** Field name to what is wrong with it. A map, since a field may be called `__proto__`. */
const fieldErrorsOf = (error: z.ZodError): Record<string, string> => {
  const fields = new Map<string, string>();
  const note = (path: readonly PropertyKey[], message: string): void => {
    const field = shown(path.map(String).join(".") || "body");
    if (fields.size < maxFields && !fields.has(field)) fields.set(field, message);
  };
  for (const issue of error.issues) {
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) note([...issue.path, key], "is not known");
    } else note(issue.path, issue.message);
  }
  return Object.fromEntries(fields);
};

const invalid = (what: string, fieldErrors: Readonly<Record<string, string>>): HttpProblem => {
  const [first] = Object.entries(fieldErrors);
  return new HttpProblem("VALIDATION", `${what} is not valid: ${first?.join(" ") ?? ""}.`, {
    fieldErrors,
  });
};

/** @throws HttpProblem `VALIDATION` naming every wrong field */
export const checked = <S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: string,
): z.output<S> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(what, fieldErrorsOf(parsed.error));
};

/**
 * Reads query parameters; the same one twice is refused, since one of both would be passed over.
 * @throws HttpProblem `VALIDATION`
 */
export const checkedQuery = <S extends z.ZodType>(schema: S, url: string): z.output<S> => {
  const start = url.indexOf("?");
  const given = [...new URLSearchParams(start < 0 ? "" : url.slice(start).split("#", 1)[0])];
  const twice = given.filter(([name], at) => given.findIndex(([other]) => other === name) < at);
  if (twice.length > 0) {
    const names = twice.slice(0, maxFields).map(([name]) => [shown(name), "is given twice"]);
    throw invalid("The query", Object.fromEntries(names));
  }
  return checked(schema, Object.fromEntries(given), "The query");
};
