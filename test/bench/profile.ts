/** Reads CPU profiles and says which functions the time was spent in. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

export interface Hot {
  readonly where: string;
  readonly share: number;
}

const idle: ReadonlySet<string> = new Set(["(idle)", "(program)", "(root)"]);

/** Functions of a profile by their own time, largest first; idle time is left out. */
export const hottest = (profile: CpuProfile, most = 25): readonly Hot[] => {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const own = new Map<string, number>();
  let total = 0;
  for (const [i, id] of (profile.samples ?? []).entries()) {
    const frame = frames.get(id);
    const micros = profile.timeDeltas?.[i] ?? 0;
    if (frame === undefined || idle.has(frame.functionName)) continue;
    const file = frame.url.replace(/^.*\/(node_modules|packages)\//, "");
    const where = `${frame.functionName || "(anonymous)"} ${file}:${frame.lineNumber + 1}`;
    own.set(where, (own.get(where) ?? 0) + micros);
    total += micros;
  }
  return [...own]
    .map(([where, micros]) => ({ where, share: total === 0 ? 0 : micros / total }))
    .sort((a, b) => b.share - a.share)
    .slice(0, most);
};

/** Summarises every profile of a folder. */
export const summariseProfiles = (folder: string): string =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".cpuprofile"))
    .sort()
    .map((file) => {
      const profile = JSON.parse(readFileSync(join(folder, file), "utf8")) as CpuProfile;
      const lines = hottest(profile).map(
        ({ where, share }) => `${(share * 100).toFixed(1).padStart(6)} %  ${where}`,
      );
      return [file, ...lines].join("\n");
    })
    .join("\n\n");
