/**
 * Scripts as a Redis Cluster needs them: hints by sharded channels, since a plain PUBLISH crosses the
 * whole cluster bus. The commands' names are all that differs, so one source serves both.
 */
import { createHash } from "node:crypto";
import { type Script, script } from "./script.ts";

const sharded = new Map<Script, Script>();

const inSharded = (source: string): string =>
  source.replaceAll("'PUBLISH'", "'SPUBLISH'").replaceAll("'NUMSUB'", "'SHARDNUMSUB'");

/** The same script with the commands of sharded pub/sub. */
export const shardedScript = (plain: Script): Script => {
  const known = sharded.get(plain);
  if (known) return known;
  const source = inSharded(plain.source);
  const sha = createHash("sha1").update(source).digest("hex");
  const made = script(plain.name, sha, source.split("\n"));
  sharded.set(plain, made);
  return made;
};
