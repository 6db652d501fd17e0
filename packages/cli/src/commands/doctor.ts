import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError, usageError } from "../cli-error.ts";
import { exitCodes } from "../exit-codes.ts";
import { type JsonRecord, recordAt, recordsAt, textAt } from "../json.ts";
import type { Register } from "../noun.ts";
import { plainText } from "../output/plain-text.ts";
import type { Paint } from "../output/style.ts";

const longestMs = 60_000;

const marks = (paint: Paint): Readonly<Record<string, string>> => ({
  ok: paint.good("✓"),
  warn: paint.warn("!"),
  bad: paint.bad("✗"),
});

const checkText = (check: JsonRecord, paint: Paint): string => {
  const mark = marks(paint)[textAt(check, "state") ?? ""] ?? "?";
  const line = `${mark} ${plainText(textAt(check, "title") ?? "?")}: ${plainText(textAt(check, "message") ?? "")}\n`;
  const remedy = textAt(check, "remedy");
  return remedy === undefined ? line : `${line}    ${plainText(remedy)}\n`;
};

/** Looks from here, without any node. */
const lookFromHere = async (address: string, cluster: string | undefined): Promise<JsonRecord> => {
  const [{ examineRedis }, { judgeRuntime }, { parseRedisAddress }, { runtimeName }] =
    await Promise.all([
      import("@muster/redis-adapter"),
      import("@muster/core"),
      import("../serve/redis-address.ts"),
      import("../program-version.ts"),
    ]);
  const options = parseRedisAddress(address);
  const checks = [
    judgeRuntime(runtimeName()),
    ...(await examineRedis(options, cluster === undefined ? {} : { cluster })),
  ];
  return {
    well: checks.every(({ state }) => state !== "bad"),
    checks,
    asOf: new Date().toISOString(),
  };
};

interface DoctorFlags {
  readonly redis?: string;
  readonly cluster?: string;
  readonly bundle?: string;
}

/** `muster doctor` */
export const registerDoctor: Register = (noun, cli) => {
  noun
    .option("--redis <url>", "looks at this Redis from here, as a node would; needs no node")
    .option("--cluster <name>", "with --redis: the cluster whose keys the user may touch")
    .option("--bundle <file>", "writes what to send along with a question, without secrets")
    .addHelpText(
      "after",
      "\nChanges nothing. Ends with 3 when anything is bad; what could be better does not count.\n",
    )
    .action(async ({ redis, cluster, bundle }: DoctorFlags) => {
      if (redis !== undefined && bundle !== undefined) {
        throw usageError("--bundle asks a node, and --redis none", "Give one of them.");
      }
      if (cluster !== undefined && redis === undefined) {
        throw usageError("--cluster goes with --redis", "A node knows its cluster.");
      }
      const given = cli();
      const { paint, io } = given;
      const ask = async () => {
        const client = await given.client({ atLeastMs: longestMs });
        return client.get("/v1/doctor", bundle === undefined ? {} : { bundle: true });
      };
      const { bundle: toSend, ...report } = await (redis === undefined
        ? ask()
        : lookFromHere(redis, cluster));
      if (bundle !== undefined) {
        const file = resolve(io.cwd, bundle);
        const text = `${JSON.stringify(recordAt({ toSend }, "toSend"), null, 2)}\n`;
        try {
          // Not over a file that is there: it may be somebody's.
          await writeFile(file, text, { flag: "wx", mode: 0o600 });
        } catch (cause) {
          const why = cause instanceof Error ? cause.message : String(cause);
          throw new CliError("FILE_NOT_WRITTEN", `the bundle cannot be written: ${why}`, {
            hint: "Name a file that is not there yet.",
            cause,
          });
        }
        given.say(`wrote ${file}: read it before you send it`);
      }
      if (report["well"] !== true) given.exitWith(exitCodes.notHealthy);
      const checks = recordsAt(report, "checks");
      await given.show({
        data: report,
        items: checks,
        columns: [],
        text: () => checks.map((check) => checkText(check, paint)).join(""),
      });
    });
};
