/** Reads a JSON body, bounded while it is read, and checks it against its schema. */
import type { z } from "zod";
import { checked } from "./checked.ts";
import { HttpProblem } from "./problem.ts";
import { isSpent } from "./spent-body.ts";

/** @throws HttpProblem `BODY_ALREADY_READ` */
export const refuseSpent = (request: Request, env: unknown): void => {
  if (!isSpent(request, env)) return;
  throw new HttpProblem("BODY_ALREADY_READ", "Something in front has read the body already.", {
    hint: "Mount Muster before body parsers, or leave their result in request.body.",
  });
};

/** Reads a body up to a limit. @throws HttpProblem `BODY_TOO_LARGE`, `BODY_ALREADY_READ` */
export const readBounded = async (
  request: Request,
  env: unknown,
  maxBytes: number,
): Promise<Buffer> => {
  const tooLarge = () =>
    new HttpProblem("BODY_TOO_LARGE", `A body may have ${maxBytes} bytes here.`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  refuseSpent(request, env);
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
  return Buffer.concat(chunks);
};

/** @throws HttpProblem `MALFORMED_JSON` */
export const parseJson = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const detail = error instanceof SyntaxError ? error.message : "The body is not UTF-8.";
    throw new HttpProblem("MALFORMED_JSON", detail.slice(0, 200));
  }
};

/** @throws HttpProblem for a body that is too large, no JSON, or not as the schema says */
export const readBody = async <S extends z.ZodType>(
  request: Request,
  env: unknown,
  schema: S,
  maxBytes: number,
): Promise<z.output<S>> => {
  const type = request.headers.get("content-type") ?? "";
  const bytes = await readBounded(request, env, maxBytes);
  if (!/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new HttpProblem(
      "UNSUPPORTED_MEDIA_TYPE",
      `The content type is "${type.slice(0, 100)}"; send application/json.`,
    );
  }
  return checked(schema, parseJson(bytes), "The body");
};
