/** Which program this is, on which runtime. */
import { readFile } from "node:fs/promises";
import { isRecord, parseJson, textAt } from "./json.ts";

/** The version in this package's manifest. */
export const programVersion = async (): Promise<string> => {
  const manifest = parseJson(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  return (isRecord(manifest) && textAt(manifest, "version")) || "0.0.0";
};

/** Such as `bun 1.4.5` or `node 20.20.2`. */
export const runtimeName = (): string => {
  const { bun, node } = process.versions;
  return bun === undefined ? `node ${node}` : `bun ${bun}`;
};
