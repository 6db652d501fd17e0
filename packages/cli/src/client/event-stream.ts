/** Reads server-sent events of one answer, frame by frame. */
import { isRecord, type JsonRecord, parseJson } from "../json.ts";

export interface EventFrame {
  /** What to go on after. */
  readonly id: string | undefined;
  /** Absent where only the place or a sign of life was told. */
  readonly event: string | undefined;
  readonly data: JsonRecord;
}

const frameOf = (block: string): EventFrame => {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const [, name = "", value = ""] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name !== "") fields.set(name, value);
  }
  const data = parseJson(fields.get("data") ?? "");
  return {
    id: fields.get("id"),
    event: fields.get("event"),
    data: isRecord(data) ? data : {},
  };
};

/** Yields frames until the stream ends; signs of life come as frames without an event. */
export async function* readFrames(body: ReadableStream<Uint8Array>): AsyncGenerator<EventFrame> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) yield frameOf(block);
    }
  } finally {
    // Whoever leaves early ends the request.
    reader.cancel().catch(() => {});
  }
}
