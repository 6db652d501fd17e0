/** Reads a JSON body, bounded while it is read, and checks it against its schema. */
import type { z } from "zod";
import { HttpProblem } from "./problem.ts";

const readBounded = async (request: Request, maxBytes: number): Promise<string> => {
  const tooLarge = () =>
    new HttpProblem("BODY_TOO_LARGE", `A body may have ${maxBytes} bytes here.`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  if (request.bodyUsed) {
    throw new HttpProblem("BODY_ALREADY_READ", "Something in front has read the body already.", {
      hint: "Mount Muster before body parsers, or leave their result in request.body.",
    });
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    size += part.value.byteLength;
    if (size > maxBytes) {
      await reader?.cancel();
      throw tooLarge();
    }
    chunks.push(part.value);
  }
  return Buffer.concat(chunks).toString("utf8");
};

/** Field name to what is wrong with it, every field at once. */
export const fieldErrorsOf = (error: z.ZodError): Record<string, string> => {
  const fields: Record<string, string> = {};
  for (const issue of error.issues) {
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) fields[[...issue.path, key].join(".")] ??= "is not known";
    } else fields[issue.path.join(".") || "body"] ??= issue.message;
  }
  return fields;
};

/** @throws HttpProblem `VALIDATION` naming every wrong field */
export const checked = <S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: string,
): z.output<S> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fieldErrors = fieldErrorsOf(parsed.error);
  const first = Object.entries(fieldErrors)[0];
  throw new HttpProblem("VALIDATION", `${what} is not valid: ${first?.join(" ") ?? ""}.`, {
    fieldErrors,
    outcome: "not-applied",
  });
};

/** @throws HttpProblem for a body that is too large, no JSON, or not as the schema says */
export const readBody = async <S extends z.ZodType>(
  request: Request,
  schema: S,
  maxBytes: number,
): Promise<z.output<S>> => {
  const type = request.headers.get("content-type") ?? "";
  const text = await readBounded(request, maxBytes);
  if (!/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new HttpProblem(
      "UNSUPPORTED_MEDIA_TYPE",
      `The content type is "${type.slice(0, 100)}"; send application/json.`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : "not JSON";
    throw new HttpProblem("MALFORMED_JSON", detail.slice(0, 200), { outcome: "not-applied" });
  }
  return checked(schema, value, "The body");
};
