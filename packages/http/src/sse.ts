/**
 * Server-sent events: a response that goes on until its reader leaves or the node stops. What waits
 * for one reader is bounded, and one that takes nothing for a while is told why and cut off.
 */

export interface SseFrame {
  readonly id: string;
  readonly event: string;
  /** JSON. */
  readonly data: unknown;
}

/** Why a stream was ended from here. */
export interface SseEnd {
  readonly code: string;
  readonly message: string;
}

export interface SseSink {
  /** Resolves when there is room for more. */
  send(frame: SseFrame): Promise<void>;
  /** Tells what to go on after, without an event. */
  place(id: string): void;
  end(why: SseEnd): void;
}

export interface SseOptions {
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** Time between signs of life, in milliseconds. @defaultValue 15000 */
  readonly heartbeatMs?: number;
  /** A reader that takes nothing for so long is cut off, in milliseconds. @defaultValue 30000 */
  readonly slowMs?: number;
}

/** Bytes that wait for one reader, but for the last event and the reason of the end. */
const mostWaiting = 65_536;

export const wantsStream = (request: Request): boolean =>
  request.method === "GET" && /\btext\/event-stream\b/.test(request.headers.get("accept") ?? "");

/** Bun ends connections that are idle for 10 s; its server, where it is known, lets this one be. */
export const keepOpen = (env: unknown, request: Request): void => {
  const server = env as { timeout?(request: Request, seconds: number): void } | undefined;
  if (typeof server?.timeout !== "function") return;
  try {
    server.timeout(request, 0);
  } catch {
    // Another server's, of the same name.
  }
};

const textOf = ({ id, event, data }: SseFrame): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** Answers with a stream; `open` begins to feed it and answers how to end that. */
export const sseResponse = (
  open: (sink: SseSink) => () => void,
  { signal, requestId, heartbeatMs = 15_000, slowMs = 30_000 }: SseOptions,
): Response => {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let room: (() => void) | undefined;
  let slow: ReturnType<typeof setTimeout> | undefined;
  let close: (() => void) | undefined;
  let isOver = false;

  const write = (text: string): void => {
    if (!isOver) controller?.enqueue(encoder.encode(text));
  };
  const finish = (): void => {
    if (isOver) return;
    isOver = true;
    clearInterval(beat);
    clearTimeout(slow);
    signal.removeEventListener("abort", leave);
    close?.();
    room?.();
  };
  const end = (why: SseEnd): void => {
    if (isOver) return;
    write(`event: end\ndata: ${JSON.stringify(why)}\n\n`);
    finish();
    controller?.close();
  };
  const leave = (): void => {
    if (isOver) return;
    finish();
    try {
      controller?.close();
    } catch {
      // Cancelled by its reader.
    }
  };
  const cutOff = (): void =>
    end({
      code: "SLOW_READER",
      message: `The reader has taken nothing for ${slowMs} ms; it may come back with Last-Event-ID.`,
    });
  const isFull = (): boolean => (controller?.desiredSize ?? 0) <= 0;

  const sink: SseSink = {
    send: async (frame) => {
      write(textOf(frame));
      if (isOver || !isFull()) return;
      slow = setTimeout(cutOff, slowMs);
      await new Promise<void>((resolve) => {
        room = resolve;
      });
      room = undefined;
      clearTimeout(slow);
    },
    place: (id) => write(`id: ${id}\n\n`),
    end,
  };
  const beat = setInterval(() => {
    if (!isFull()) write(": alive\n\n");
  }, heartbeatMs);
  signal.addEventListener("abort", leave, { once: true });

  const body = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given;
        // The head of the answer leaves with the first bytes.
        write("retry: 1000\n: begun\n\n");
        try {
          close = open(sink);
        } catch (error) {
          finish();
          throw error;
        }
        if (signal.aborted) leave();
      },
      pull: () => room?.(),
      cancel: finish,
    },
    { highWaterMark: mostWaiting, size: (chunk) => chunk?.byteLength ?? 0 },
  );
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      "x-request-id": requestId,
      "x-content-type-options": "nosniff",
    },
  });
};
