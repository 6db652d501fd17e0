/** Bodies as the legacy API took them: JSON or a form, of whatever type they say, with any fields. */
import { parseJson, readBounded } from "../body.ts";
import { HttpProblem } from "../problem.ts";

export type LegacyBody = Readonly<Record<string, unknown>>;

export interface LegacyUpload {
  readonly file: Uint8Array;
  readonly name: string;
}

export interface LegacyInput {
  readonly body: LegacyBody;
  /** The field `app` of a form with files. */
  readonly upload: LegacyUpload | undefined;
}

const isRecord = (value: unknown): value is LegacyBody =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const readForm = async (bytes: Buffer, type: string): Promise<LegacyInput> => {
  let form: unknown;
  try {
    const headers = { "content-type": type };
    form = await new Response(new Uint8Array(bytes), { headers }).formData();
  } catch {
    throw new HttpProblem("MALFORMED_JSON", "The form cannot be read.");
  }
  const body: Record<string, unknown> = {};
  let upload: LegacyUpload | undefined;
  for (const [key, value] of form as Iterable<[string, string | File]>) {
    if (typeof value === "string") body[key] = value;
    else if (key === "app") {
      upload = { file: new Uint8Array(await value.arrayBuffer()), name: value.name };
    }
  }
  return { body, upload };
};

/** @throws HttpProblem `BODY_TOO_LARGE`, `BODY_ALREADY_READ`, `MALFORMED_JSON` */
export const readLegacyBody = async (
  request: Request,
  env: unknown,
  limits: { readonly maxBodyBytes: number; readonly maxUploadBytes: number },
): Promise<LegacyInput> => {
  const type = request.headers.get("content-type") ?? "";
  if (/^multipart\/form-data\b/i.test(type)) {
    return readForm(await readBounded(request, env, limits.maxUploadBytes), type);
  }
  const bytes = await readBounded(request, env, limits.maxBodyBytes);
  if (bytes.length === 0) return { body: {}, upload: undefined };
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return readForm(bytes, type);
  const value = parseJson(bytes);
  return { body: isRecord(value) ? value : {}, upload: undefined };
};
