/** Lines of JSON (NDJSON), read and answered one after the other, so that no whole has to be held. */
import { refuseSpent } from "./body.ts";
import { HttpProblem, problemOf } from "./problem.ts";

const type = "application/x-ndjson";
/** Longest line, in bytes. */
const maxLineBytes = 1_048_576;
/** Bytes that wait for one reader. */
const mostWaiting = 65_536;
const newline = 10;

const names = (header: string | null): boolean =>
  new RegExp(`^(.*,)?\\s*${type}\\s*([;,]|$)`, "i").test(header ?? "");

/** Whether the body is lines, or for a GET whether the answer shall be. */
export const wantsLines = ({ headers, method }: Request): boolean =>
  names(headers.get(method === "GET" ? "accept" : "content-type"));

const jsonOf = (line: Uint8Array): unknown => {
  const text = new TextDecoder().decode(line).trim();
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 200);
  }
};

/**
 * Reads the values of a body; a line that is no JSON comes as its text, empty ones are passed over.
 * @throws HttpProblem `BODY_TOO_LARGE` for a line over 1 MiB
 */
export async function* readLines(request: Request, env: unknown): AsyncGenerator<unknown> {
  refuseSpent(request, env);
  const reader = request.body?.getReader();
  let parts: Uint8Array[] = [];
  let size = 0;
  try {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      let rest = part.value;
      for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
        const value = jsonOf(Buffer.concat([...parts, rest.subarray(0, end)]));
        if (value !== undefined) yield value;
        rest = rest.subarray(end + 1);
        parts = [];
        size = 0;
      }
      parts.push(rest);
      size += rest.byteLength;
      if (size > maxLineBytes) {
        throw new HttpProblem("BODY_TOO_LARGE", `A line may have ${maxLineBytes} bytes here.`);
      }
    }
    const value = jsonOf(Buffer.concat(parts));
    if (value !== undefined) yield value;
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

const headersOf = (requestId: string) => ({
  "content-type": `${type}; charset=utf-8`,
  "cache-control": "no-store",
  "x-accel-buffering": "no",
  "x-request-id": requestId,
  "x-content-type-options": "nosniff",
});

/** Why lines end early, as their last one. */
const lastLine = async (error: unknown, requestId: string): Promise<unknown> => ({
  error: await problemOf(error, requestId).json(),
});

export interface LineSink {
  /** Adds a line. @throws HttpProblem when the reader has gone */
  put(value: unknown): void;
  /** Adds a line, and resolves when there is room for more. */
  send(value: unknown): Promise<void>;
}

/**
 * Answers with what `produce` gives to the sink, line by line. What goes wrong before the first one
 * is thrown; later it is the last line, under `error`.
 */
export const respondLines = (
  requestId: string,
  produce: (sink: LineSink) => Promise<void>,
): Promise<Response> => {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let room: (() => void) | undefined;
  let isGone = false;
  const body = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given;
      },
      pull: () => room?.(),
      cancel: () => {
        isGone = true;
        room?.();
      },
    },
    { highWaterMark: mostWaiting, size: (chunk) => chunk?.byteLength ?? 0 },
  );
  const write = (value: unknown): void => {
    if (!isGone) controller?.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
  };
  return new Promise((resolve, reject) => {
    let hasBegun = false;
    const begin = (): void => {
      hasBegun = true;
      resolve(new Response(body, { headers: headersOf(requestId) }));
    };
    const put = (value: unknown): void => {
      if (!hasBegun) begin();
      write(value);
      if (isGone) throw new HttpProblem("MALFORMED_REQUEST", "The caller has gone.");
    };
    const send = async (value: unknown): Promise<void> => {
      put(value);
      if ((controller?.desiredSize ?? 0) > 0) return;
      await new Promise<void>((resume) => {
        room = resume;
      });
      room = undefined;
    };
    const end = (): void => {
      if (!hasBegun) begin();
      if (!isGone) controller?.close();
    };
    produce({ put, send }).then(end, async (error: unknown) => {
      if (!hasBegun) {
        reject(error);
        return;
      }
      write(await lastLine(error, requestId));
      end();
    });
  });
};
