/** Reads the text of a stream of server-sent events, in whatever pieces it comes. Pure but for what is left over. */

export interface Frame {
  readonly id: string | undefined;
  readonly event: string;
  /** Empty where only a place was told. */
  readonly data: string;
}

const frameOf = (block: string): Frame | undefined => {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at <= 0) continue;
    const value = line.slice(at + 1).replace(/^ /, "");
    const name = line.slice(0, at);
    const before = name === "data" ? fields.get(name) : undefined;
    fields.set(name, before === undefined ? value : `${before}\n${value}`);
  }
  const id = fields.get("id");
  const data = fields.get("data");
  if (id === undefined && data === undefined) return undefined;
  return { id, event: fields.get("event") ?? "message", data: data ?? "" };
};

/** Takes the next piece and answers the frames that are whole now. */
export const createFrameReader = (): ((piece: string) => readonly Frame[]) => {
  let rest = "";
  return (piece) => {
    const blocks = (rest + piece).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop() ?? "";
    return blocks.map(frameOf).filter((frame) => frame !== undefined);
  };
};
