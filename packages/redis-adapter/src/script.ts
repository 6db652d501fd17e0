/** A Lua script as sent to Redis: by its hash, and whole when the server does not know it. */
export interface Script {
  readonly name: string;
  readonly sha: string;
  readonly source: string;
}

export const script = (name: string, sha: string, lines: readonly string[]): Script =>
  Object.freeze({ name, sha, source: lines.join("\n") });
